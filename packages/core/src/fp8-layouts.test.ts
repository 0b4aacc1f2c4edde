import { describe, expect, test } from 'vitest'
import { InputError } from './errors.ts'
import {
  down,
  filled,
  layouts,
  multiplied,
  named,
  opening,
  scale,
  stored,
  where,
  type Layout,
} from './fp8-layouts.fixture.ts'
import { tensor, type Tensor } from './tensor.ts'
import { changed, codes, layer, logits, open, random, scales, type Granule, type Shape } from './weights.fixture.ts'

describe('every published layout', () => {
  test.each(named)('%s: code · scale', async (_, layout) => {
    const found = await logits(stored(layout), opening(layout))
    expect(found).toEqual(await logits(multiplied(layout)))
    expect(found.every(Number.isFinite)).toBe(true)
    expect(new Set(found).size).toBe(80)
  })

  test.each([
    [0x7b, true],
    [0xfb, true],
    [0x7c, false],
    [0xfd, false],
    [0x7f, false],
  ])('torchao may hold E5M2, finite: %d %s', async (code, finite) => {
    const layout = layouts['torchao, rows']
    const name = `${down}._weight_qdata`
    const e5m2 = tensor('F8_E5M2', [144, 200], new Uint8Array(144 * 200).fill(code, 7, 8))
    const read = (await open(changed(stored(layout), { [name]: e5m2 }), opening(layout))).weights.read(
      'layers.0.down.weight',
    )
    if (finite) expect(await read).toEqual(e5m2)
    else await expect(read).rejects.toThrow(`"${name}": element 7 is not a finite number (code ${code})`)
  })

  test('blocks are 128 × 128 from the start, not equal parts of the weight', async () => {
    const found = await logits(stored(layouts['DeepSeek']), opening(layouts['DeepSeek']))
    const equalParts = (size: number) => Math.ceil(size / Math.ceil(size / 128))
    expect(found).not.toEqual(await logits(multiplied(layouts['DeepSeek'], equalParts)))
  })

  test('settings of activations and of the cache change nothing', async () => {
    const { granule } = layouts['AutoFP8']
    const plain: Layout = { granule, config: { quant_method: 'fp8' } }
    const dynamic = { ...layouts['AutoFP8'].config, activation_scheme: 'dynamic', kv_cache_scheme: 'static' }
    const found = await logits(stored(plain), opening(plain))
    expect(await logits(stored(layouts['AutoFP8']), opening({ granule, config: dynamic }))).toEqual(found)
  })

  test('the logits may be fp8 too', async () => {
    const layout = layouts['fbgemm']
    const head = { 'lm_head.weight': codes([20, 144], random(5)), 'lm_head.weight_scale': scales([20, 1], random(6)) }
    const { weights } = await open(changed(stored(layout), head), {
      more: { quantization_config: { quant_method: 'fbgemm_fp8' } },
    })
    expect(weights.specs.get('logits.scale')).toEqual({ dtype: 'F32', shape: [20] })
  })

  test.each(['F64', 'F32', 'F16', 'BF16'] as const)('a scale of %s', async (dtype) => {
    const arrays = {
      F64: Float64Array.of(1),
      F32: Float32Array.of(1),
      F16: Uint16Array.of(0x3c00),
      BF16: Uint16Array.of(0x3f80),
    }
    const one = tensor(dtype, [1], arrays[dtype])
    const { weights } = await open(changed(stored(layouts['AutoFP8']), { [scale]: one }), opening(layouts['AutoFP8']))
    expect(await weights.read('layers.0.down.scale')).toEqual(one)
  })
})

describe('layouts that claim one thing and hold another', () => {
  const words: Record<Granule, string> = {
    tensor: '[] (a scale per tensor',
    channel: '[144, 1] (a scale per channel',
    block: '[2, 2] (a scale per block',
  }
  const shapes: Record<Granule, number[]> = { tensor: [1], channel: [144, 1], block: [2, 2] }
  const pairs = named.flatMap(([name, layout]) =>
    (['tensor', 'channel', 'block'] as const)
      .filter((granule) => granule !== layout.granule)
      .map((granule) => [name, granule, layout] as const),
  )
  test.each(pairs)('%s: scales per %s', async (_, granule, layout) => {
    const name = `${down}${layout.scale ?? '.weight_scale'}`
    const opened = open(changed(stored(layout), { [name]: filled(shapes[granule]) }), opening(layout))
    await expect(opened).rejects.toThrow(
      new InputError(
        `m/model.safetensors: tensor "${name}" is F32 [${shapes[granule].join(', ')}], expected a float of shape ${words[layout.granule]}, by ${where})`,
      ),
    )
  })

  const channel = layouts['compressed-tensors, channel']
  const block = layouts['DeepSeek']
  const inverse = `${down}.weight_scale_inv`
  const bf16 = tensor('BF16', [144, 200], new Uint16Array(144 * 200))
  const gate = `${layer}.mlp.gate_proj`
  test.each<[string, Layout, Record<string, Tensor | null>, string]>([
    ['no scale', channel, { [scale]: null }, `m: "${down}.weight" is fp8, but "${scale}" is missing`],
    [
      'the other spelling',
      channel,
      { [scale]: null, [inverse]: filled([144, 1]) },
      `found "${inverse}", which is another layout than ${where} claims`,
    ],
    ['two scales', layouts['AutoFP8'], { [inverse]: filled([1]) }, `tensor "${inverse}": unexpected tensor`],
    [
      'a row of scales',
      channel,
      { [scale]: filled([1, 144]) },
      'expected a float of shape [144, 1] (a scale per channel, by m/config.json: quantization_config); transposed?',
    ],
    [
      'a misshapen scale',
      channel,
      { [scale]: filled([136, 1]) },
      `"${scale}" is F32 [136, 1], expected a float of shape [144, 1]`,
    ],
    ['an integer scale', channel, { [scale]: filled([144, 1], 'I32') }, `is I32 [144, 1], expected a float`],
    [
      'an unquantised linear',
      channel,
      { [`${down}.weight`]: bf16, [scale]: null },
      `"${down}.weight" is BF16, expected "${down}.weight" of F8_E4M3: ${where} does not leave it out`,
    ],
    [
      'E5M2',
      channel,
      { [`${down}.weight`]: tensor('F8_E5M2', [144, 200], new Uint8Array(28800)) },
      'is F8_E5M2, expected one of F8_E4M3',
    ],
    [
      'a transposed weight',
      channel,
      { [`${down}.weight`]: codes([200, 144], random(1)) },
      'is [200, 144], expected [144, 200]; transposed?',
    ],
    [
      'an integer weight',
      channel,
      { [`${down}.weight`]: filled([144, 200], 'I32') },
      `is I32, expected "${down}.weight" of F8_E4M3`,
    ],
    [
      'fp8 under torchao without its name',
      layouts['torchao, rows'],
      { [`${down}._weight_qdata`]: null, [`${down}.weight`]: codes([144, 200], random(1)) },
      `"${down}.weight" is F8_E4M3, expected "${down}._weight_qdata"`,
    ],
    ['no weight', block, { [`${gate}.weight`]: null }, `m: tensor "${gate}.weight" is missing`],
  ])('%s', async (_, layout, changes, message) => {
    const opened = open(changed(stored(layout), changes), opening(layout))
    await expect(opened).rejects.toThrow(InputError)
    await expect(opened).rejects.toThrow(message)
  })

  test('blocks transposed', async () => {
    const more = { quantization_config: block.config, intermediate_size: 300 }
    const all = stored(block)
    const put = (part: string, size: Shape, form: number[]) => {
      all.set(`${layer}.mlp.${part}.weight`, codes(size, random(1)))
      all.set(`${layer}.mlp.${part}.weight_scale_inv`, filled(form))
    }
    put('gate_proj', [300, 144], [3, 2])
    put('up_proj', [300, 144], [3, 2])
    put('down_proj', [144, 300], [3, 2])
    await expect(open(all, { more })).rejects.toThrow(
      `[3, 2], expected a float of shape [2, 3] (a scale per block, by ${where}); transposed?`,
    )
    put('down_proj', [144, 300], [2, 3])
    expect((await open(all, { more })).weights.specs.get('layers.0.down.scale')!.shape).toEqual([2, 3])
  })

  test('fp8 without a claim', async () => {
    const opened = open(stored(channel))
    await expect(opened).rejects.toThrow(InputError)
    await expect(opened).rejects.toThrow(`q_proj.weight" is F8_E4M3, but config.json tells of no such quantisation`)
  })

  test.each([NaN, 0, -1, Infinity])('a scale of %d is refused when read', async (value) => {
    const scaled = tensor('F32', [144, 1], new Float32Array(144).fill(1).with(5, value))
    const { weights } = await open(changed(stored(channel), { [scale]: scaled }), opening(channel))
    const read = weights.read('layers.0.down.scale')
    await expect(read).rejects.toThrow(InputError)
    await expect(read).rejects.toThrow(`"${scale}": scale 5 is ${value}, expected a finite positive number`)
  })

  test('a scale per channel may have one axis or two', async () => {
    const layout = { ...channel, shape: ([rows]: Shape) => [rows] }
    expect(await logits(stored(layout), opening(layout))).toEqual(await logits(multiplied(layout)))
  })
})
