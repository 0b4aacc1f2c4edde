import { describe, expect, test } from 'vitest'
import { InputError } from './errors.ts'
import { down, filled, layouts, opening, scale, stored, where } from './fp8-layouts.fixture.ts'
import { ignored } from './ignore-list.ts'
import { tensor } from './tensor.ts'
import { changed, layer, open } from './weights.fixture.ts'

test.each([
  ['listed', ['a.b.c']],
  ['covered', ['a.b']],
  ['covered', ['c']],
  ['covered', ['b.c']],
  ['covered', ['re:^x$']],
  ['covered', ['*']],
  ['covered', ['a.b.[xyz]']],
  ['covered', ['(((((a+)+)+)+)+)+$']],
  ['no', []],
  ['no', ['a.b.c.d']],
  ['no', ['a.']],
  ['no', ['b']],
  ['no', ['.c']],
])('%s by %j', (expected, list) => {
  expect(ignored(list, 'a.b.c')).toBe(expected)
})

describe('linears that are left out', () => {
  const layout = layouts['compressed-tensors, channel']
  const plain = changed(stored(layout), {
    [`${down}.weight`]: tensor('BF16', [144, 200], new Uint16Array(144 * 200).fill(0x3c00)),
    [scale]: null,
  })
  const config = (key: string, list: unknown) => ({ more: { quantization_config: { ...layout.config, [key]: list } } })

  test.each([
    ['by name', [down]],
    ['by its beginning', [`${layer}.mlp`]],
    ['by its end', ['down_proj']],
    ['by an end of two', ['mlp.down_proj']],
    ['maybe, by a regular expression', ['re:.*nothing.*']],
    ['maybe, by a glob', ['*nothing*']],
  ])('%s', async (_, ignore) => {
    expect((await open(plain, config('ignore', ignore))).weights.specs.has('layers.0.down.scale')).toBe(false)
  })

  test.each([[[]], [['own_proj']], [['model.layers.0.ml']], [[`${layer}.self_attn`]], [['lm_head']]])(
    'not by %j',
    async (ignore) => {
      await expect(open(plain, config('ignore', ignore))).rejects.toThrow('does not leave it out')
    },
  )

  test('by its whole name, it must not be fp8', async () => {
    const opened = open(stored(layout), config('ignore', [down]))
    await expect(opened).rejects.toThrow(
      new InputError(`m/model.safetensors: tensor "${down}.weight" is F8_E4M3, but ${where} lists it as not quantised`),
    )
    expect((await open(stored(layout), config('ignore', ['down_proj']))).weights.specs.has('layers.0.down.scale')).toBe(
      true,
    )
  })

  test('a scale beside it is unexpected', async () => {
    const opened = open(changed(plain, { [scale]: filled([144, 1]) }), config('ignore', [down]))
    await expect(opened).rejects.toThrow(`tensor "${scale}": unexpected tensor`)
  })

  test.each([
    ['AutoFP8', 'ignored_layers'],
    ['DeepSeek', 'modules_to_not_convert'],
    ['fbgemm', 'modules_to_not_convert'],
    ['ModelOpt', 'exclude_modules'],
    ['ModelOpt, as newer versions', 'ignore'],
    ['torchao, rows', 'modules_to_not_convert'],
  ])('%s has its own word for it', async (name, key) => {
    const { config: claim, ...layout } = layouts[name]
    const ending = layout.codes ?? '.weight'
    const all = changed(stored({ ...layout, config: claim }), {
      [down + ending]: null,
      [`${down}.weight`]: plain.get(`${down}.weight`)!,
      [`${down}${layout.scale ?? '.weight_scale'}`]: null,
    })
    const more = (list: string[]) => ({
      ...opening(layouts[name]),
      more: { quantization_config: { ...claim, [key]: list } },
    })
    await expect(open(all, more([]))).rejects.toThrow('does not leave it out')
    expect((await open(all, more([down]))).weights.specs.has('layers.0.down.scale')).toBe(false)
  })

  test("by torchao's metadata, and by that of no other", async () => {
    const layout = layouts['torchao, rows']
    const ordinary = {
      [`${down}._weight_qdata`]: null,
      [`${down}._weight_scale`]: null,
      [`${down}.weight`]: plain.get(`${down}.weight`)!,
    }
    const { metadata, more } = opening(layout)
    const told = new Map([...metadata!, [`${down}.weight`, '{"_type": "Tensor"}']])
    const { weights } = await open(changed(stored(layout), ordinary), { more: more!, metadata: told })
    expect(weights.specs.has('layers.0.down.scale')).toBe(false)
    const opened = open(changed(stored(layout), ordinary), { more: more!, metadata: metadata! })
    await expect(opened).rejects.toThrow('does not leave it out')
    await expect(open(plain, { ...config('ignore', []), metadata: told })).rejects.toThrow('does not leave it out')
  })

  test('where groups name their modules instead of all linears', async () => {
    const groups = {
      ...layout.config,
      config_groups: { g: { targets: ['re:.*gate.*'], weights: { num_bits: 8, type: 'float', strategy: 'channel' } } },
    }
    expect(
      (await open(plain, { more: { quantization_config: groups } })).weights.specs.has('layers.0.down.scale'),
    ).toBe(false)
  })
})
