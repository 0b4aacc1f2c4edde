import { describe, expect, test } from 'vitest'
import { InputError } from './errors.ts'
import { tensor, type DType, type Tensor } from './tensor.ts'
import {
  changed,
  codes,
  floats,
  layer,
  linears,
  logits,
  open,
  random,
  unquantised,
  type Tensors,
} from './weights.fixture.ts'

const down = `${layer}.mlp.down_proj.weight`
const plain = unquantised()

describe('biases', () => {
  const bias = (names: string[]): Tensors =>
    new Map(names.map((name) => [`${name}.bias`, floats([linears[name][0]], random(9))] as const))
  const names = Object.keys(linears)

  test.each([
    ['attention_bias', names.slice(0, 4)],
    ['mlp_bias', names.slice(4)],
  ])('%s: of zero change nothing, others do', async (key, modules) => {
    const zero = [...bias(modules)].map(([name, { shape }]) => {
      return [name, tensor('F32', shape, new Float32Array(shape[0]))] as const
    })
    const without = await logits(plain)
    expect(await logits(new Map<string, Tensor>([...plain, ...zero]), { more: { [key]: true } })).toEqual(without)
    for (const module of modules.filter((name) => !name.endsWith('k_proj'))) {
      const one = new Map<string, Tensor>([...plain, ...zero, ...bias([module])])
      expect(await logits(one, { more: { [key]: true } })).not.toEqual(without)
    }
  })

  test('that config.json does not announce are unexpected', async () => {
    const all = new Map([...plain, ...bias([names[6]])])
    await expect(open(all)).rejects.toThrow(
      `m/model.safetensors: tensor "${names[6]}.bias": unexpected tensor; config.json does not describe it`,
    )
  })

  test('that config.json announces must be there', async () => {
    const opened = open(plain, { more: { mlp_bias: true } })
    await expect(opened).rejects.toThrow(`m: tensor "${names[4]}.bias" [200] is missing`)
  })
})

describe('tied embeddings', () => {
  const tied = { more: { tie_word_embeddings: true } }
  const embedding = plain.get('model.embed_tokens.weight')!
  const without = changed(plain, { 'lm_head.weight': null })

  test('without a table for the logits the embedding is used', async () => {
    const { weights } = await open(without, tied)
    expect(weights.specs.has('logits.weight')).toBe(false)
    expect(await logits(without, tied)).toEqual(await logits(changed(plain, { 'lm_head.weight': embedding })))
  })

  // transformers 5 ties two equal tables, and leaves two that differ as they are.
  test('with one, it is used, whatever the config says', async () => {
    expect(await logits(plain, tied)).toEqual(await logits(plain))
    expect(await logits(plain)).not.toEqual(await logits(without, tied))
  })

  test('a table that is missing is missing', async () => {
    await expect(open(without)).rejects.toThrow('m: tensor "lm_head.weight" [20, 144] is missing')
  })
})

describe('checkpoints that do not fit', () => {
  const bf16 = tensor('BF16', [144, 200], new Uint16Array(144 * 200))
  test.each<[string, Record<string, Tensor | null>, string]>([
    ['missing', { 'model.norm.weight': null }, 'm: tensor "model.norm.weight" [144] is missing'],
    [
      'misshapen',
      { 'model.norm.weight': floats([143], random(1)) },
      'm/model.safetensors: tensor "model.norm.weight" is [143], expected [144]',
    ],
    [
      'transposed',
      { [down]: floats([200, 144], random(1)) },
      `m/model.safetensors: tensor "${down}" is [200, 144], expected [144, 200]; transposed?`,
    ],
    ['unexpected', { 'model.extra': bf16 }, 'm/model.safetensors: tensor "model.extra": unexpected tensor'],
    ['integers', { 'model.norm.weight': tensor('I32', [144], new Int32Array(144)) }, 'is I32, expected one of F64'],
    ['an fp8 norm', { 'model.norm.weight': codes([144], random(1)) }, 'is F8_E4M3, expected one of F64'],
    ['an fp8 embedding', { 'model.embed_tokens.weight': codes([20, 144], random(1)) }, 'is F8_E4M3, expected one of'],
    ['names of the other format', { 'norm.weight': floats([144], random(1)) }, '"norm.weight": unexpected tensor'],
  ])('%s', async (_, changes, message) => {
    const opened = open(changed(plain, changes))
    await expect(opened).rejects.toThrow(InputError)
    await expect(opened).rejects.toThrow(message)
  })

  test('more layers than there are tensors end at the first that is missing', async () => {
    const start = performance.now()
    const opened = open(plain, { more: { num_hidden_layers: 1e15 } })
    await expect(opened).rejects.toThrow('"model.layers.1.input_layernorm.weight"')
    expect(performance.now() - start).toBeLessThan(1000)
  })

  test('a weight that the model lacks', async () => {
    const { weights } = await open(plain)
    const error = new InputError('m: the model has no weight "layers.0.gate"')
    await expect(weights.read('layers.0.gate')).rejects.toThrow(error)
  })

  test('what a weight-only reading does not need is passed over', async () => {
    const one = tensor('F32', [1], Float32Array.of(1))
    const extra = [
      `${layer}.mlp.down_proj.input_scale`,
      `${layer}.self_attn.k_scale`,
      `${layer}.self_attn.rotary_emb.inv_freq`,
    ]
    const { weights } = await open(new Map([...plain, ...extra.map((name) => [name, one] as const)]))
    expect([...weights.specs.keys()].filter((name) => /input|k_scale|inv_freq/.test(name))).toEqual([])
  })
})

describe('numbers that are not finite are refused when read', () => {
  // Infinity, −infinity, and NaN of either sign, beside the largest finite number of each format and its negative.
  const cases: readonly (readonly [DType, readonly number[], readonly number[]])[] = [
    ['F8_E4M3', [0x7f, 0xff], [0x7e, 0xfe]],
    ['F16', [0x7c00, 0xfc00, 0x7e00, 0xfc01], [0x7bff, 0xfbff]],
    ['BF16', [0x7f80, 0xff80, 0x7fc0, 0xff81], [0x7f7f, 0xff7f]],
    ['F32', [Infinity, -Infinity, NaN], [3.4028234663852886e38, -3.4028234663852886e38]],
    ['F64', [Infinity, -Infinity, NaN], [Number.MAX_VALUE, -Number.MAX_VALUE]],
  ]
  const arrays = { F8_E4M3: Uint8Array, F16: Uint16Array, BF16: Uint16Array, F32: Float32Array, F64: Float64Array }
  const scale = { [`${down}_scale`]: tensor('F32', [], Float32Array.of(1)) }
  const claim = { more: { quantization_config: { quant_method: 'fp8', ignored_layers: ['re:.*'] } } }

  test.each(cases)('%s', async (dtype, bad, good) => {
    for (const code of [...bad, ...good]) {
      const data = new arrays[dtype as keyof typeof arrays](144 * 200).fill(code, 7, 8)
      const changes = { [down]: tensor(dtype, [144, 200], data as never), ...(dtype === 'F8_E4M3' ? scale : {}) }
      const { weights } = await open(changed(plain, changes), claim)
      const read = weights.read('layers.0.down.weight')
      if (good.includes(code)) expect((await read).data).toEqual(data)
      else await expect(read).rejects.toThrow(`"${down}": element 7 is not a finite number (code ${code})`)
    }
  })

  test('a norm and an embedding too', async () => {
    const nan = (shape: number[]) =>
      tensor('F32', shape, new Float32Array(144 * 20).fill(NaN).subarray(0, shape[0] * (shape[1] ?? 1)))
    const { weights } = await open(
      changed(plain, { 'model.norm.weight': nan([144]), 'model.embed_tokens.weight': nan([20, 144]) }),
    )
    await expect(weights.read('norm.weight')).rejects.toThrow('"model.norm.weight": element 0 is not a finite number')
    const rows = weights.read('embedding.weight', { from: 3, to: 4 })
    await expect(rows).rejects.toThrow('"model.embed_tokens.weight": element 0 is not a finite number')
  })
})
