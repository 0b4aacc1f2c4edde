import { describe, expect, test } from 'vitest'
import { run } from './backend.ts'
import { blobFolder } from './byte-source.ts'
import { openCheckpoint } from './checkpoint.ts'
import { readConfig } from './config.ts'
import { InputError, UnsupportedError } from './errors.ts'
import { mistral } from './mistral.ts'
import { reference } from './reference/index.ts'
import { safetensorsBytes } from './safetensors-writer.ts'
import { elements, tensor, type Tensor } from './tensor.ts'
import { openWeights } from './weights.ts'

// Sizes on both sides of 128 and no multiples of it, so that the last blocks are cut in both directions.
const settings = {
  architectures: ['LlamaForCausalLM'],
  vocab_size: 20,
  hidden_size: 144,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  head_dim: 8,
  intermediate_size: 136,
  rms_norm_eps: 1e-5,
}
const layer = 'model.layers.0'
const linears: Record<string, [number, number]> = {
  [`${layer}.self_attn.q_proj`]: [16, 144],
  [`${layer}.self_attn.k_proj`]: [8, 144],
  [`${layer}.self_attn.v_proj`]: [8, 144],
  [`${layer}.self_attn.o_proj`]: [144, 16],
  [`${layer}.mlp.gate_proj`]: [136, 144],
  [`${layer}.mlp.up_proj`]: [136, 144],
  [`${layer}.mlp.down_proj`]: [144, 136],
}
const down = `${layer}.mlp.down_proj.weight`

type Tensors = Map<string, Tensor>

/** Whole numbers from 0 to 65535 (Numerical Recipes' generator). */
function random(seed: number): () => number {
  let state = seed >>> 0
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 16
}

function floats(shape: number[], next: () => number): Tensor<'F32'> {
  return tensor(
    'F32',
    shape,
    Float32Array.from({ length: elements(shape) }, () => next() / 65536 - 0.5),
  )
}

/** Finite codes of E4M3 of at most 1.875. */
function codes(shape: number[], next: () => number): Tensor<'F8_E4M3'> {
  return tensor(
    'F8_E4M3',
    shape,
    Uint8Array.from({ length: elements(shape) }, () => ((next() & 1) << 7) | (next() % 64)),
  )
}

/** Everything but the linears. */
function others(): Tensors {
  const next = random(1)
  return new Map([
    ['model.embed_tokens.weight', floats([20, 144], next)],
    ['lm_head.weight', floats([20, 144], next)],
    ['model.norm.weight', floats([144], next)],
    [`${layer}.input_layernorm.weight`, floats([144], next)],
    [`${layer}.post_attention_layernorm.weight`, floats([144], next)],
  ])
}

type Form = (shape: [number, number]) => number[]

const forms: Record<string, Form> = {
  '[]': () => [],
  '[1]': () => [1],
  '[1, 1]': () => [1, 1],
  '[N]': ([rows]) => [rows],
  '[N, 1]': ([rows]) => [rows, 1],
  'blocks of 128 × 128': ([rows, width]) => [Math.ceil(rows / 128), Math.ceil(width / 128)],
}

/** An fp8 model with the scales that `scaleOf` makes for a shape. */
function fp8(form: Form = forms['[N, 1]'], suffix = 'scale', constant = false): Tensors {
  const next = random(2)
  const scales = random(3)
  const all = others()
  for (const [name, shape] of Object.entries(linears)) {
    all.set(`${name}.weight`, codes(shape, next))
    const scale = form(shape)
    const values = Float32Array.from({ length: elements(scale) }, () => (constant ? 0.375 : (scales() + 1) / 65537))
    all.set(`${name}.weight_${suffix}`, tensor('F32', scale, values))
  }
  return all
}

/** E4M3 by its definition: sign, exponent of bias 7, mantissa of 3 bits. */
function e4m3(code: number): number {
  const [exponent, mantissa] = [(code >> 3) & 15, code & 7]
  const size = exponent === 0 ? mantissa / 512 : (1 + mantissa / 8) * 2 ** (exponent - 7)
  return code & 128 ? -size : size
}

/** The same model without scales: code · scale in F64, which holds it exactly. */
function multiplied(model: Tensors, suffix: string): Tensors {
  const all = new Map(model)
  for (const [name, [rows, width]] of Object.entries(linears)) {
    const weight = model.get(`${name}.weight`)!
    const { shape, data } = model.get(`${name}.weight_${suffix}`)!
    const across = Math.ceil(width / 128)
    const perBlock = shape.length === 2 && shape[0] === Math.ceil(rows / 128) && shape[1] === across
    const index = (n: number, k: number): number =>
      data.length === 1 ? 0 : perBlock ? Math.floor(n / 128) * across + Math.floor(k / 128) : n
    const values = Float64Array.from({ length: rows * width }, (_, i) => {
      const [n, k] = [Math.floor(i / width), i % width]
      return e4m3(Number(weight.data[i])) * Number(data[index(n, k)])
    })
    all.set(`${name}.weight`, tensor('F64', [rows, width], values))
    all.delete(`${name}.weight_${suffix}`)
  }
  return all
}

async function open(tensors: Tensors, more: object = {}) {
  const blob = new Blob([safetensorsBytes(tensors) as Uint8Array<ArrayBuffer>])
  const checkpoint = await openCheckpoint(blobFolder(new Map([['model.safetensors', blob]]), 'm'))
  const config = readConfig(JSON.stringify({ ...settings, ...more }))
  return { config, weights: openWeights(checkpoint, config) }
}

async function logits(tensors: Tensors, more: object = {}): Promise<Float64Array> {
  const { config, weights } = await open(tensors, more)
  const program = await reference().load(mistral(config, weights.specs), weights)
  const sequence = program.open(8)
  const values = await run(program, [{ sequence, tokens: Int32Array.of(3, 1, 19, 7), logits: 'all' }])
  await program.dispose()
  return values.get('logits')!.data as Float64Array
}

describe('fp8 with scales', () => {
  for (const suffix of ['scale', 'scale_inv']) {
    test.each(Object.keys(forms))(`weight_${suffix} of shape %s multiplies`, async (form) => {
      const model = fp8(forms[form], suffix)
      const found = await logits(model)
      expect(found).toEqual(await logits(multiplied(model, suffix)))
      expect(found.every(Number.isFinite)).toBe(true)
      expect(new Set(found).size).toBe(80)
    })
  }

  test('the same scale in every granularity gives the same numbers', async () => {
    const all = await Promise.all(Object.values(forms).map((form) => logits(fp8(form, 'scale', true))))
    for (const found of all) expect(found).toEqual(all[0])
  })

  test('rows of a scale have the shape that the graph knows', async () => {
    const { weights } = await open(fp8())
    const whole = await weights.read('layers.0.down.scale')
    expect(whole.shape).toEqual(weights.specs.get('layers.0.down.scale')!.shape)
    const part = await weights.read('layers.0.down.scale', { from: 3, to: 5 })
    expect(part).toEqual({ ...whole, shape: [2], data: whole.data.slice(3, 5) })
  })
})

describe('biases', () => {
  const bias = (names: string[]): Tensors =>
    new Map(names.map((name) => [`${name}.bias`, floats([linears[name][0]], random(9))] as const))
  const names = Object.keys(linears)
  const plain = multiplied(fp8(), 'scale')

  test.each([
    ['attention_bias', names.slice(0, 4)],
    ['mlp_bias', names.slice(4)],
  ])('%s: of zero change nothing, others do', async (key, modules) => {
    const zero = [...bias(modules)].map(([name, { shape }]) => {
      return [name, tensor('F32', shape, new Float32Array(shape[0]))] as const
    })
    const without = await logits(plain)
    expect(await logits(new Map<string, Tensor>([...plain, ...zero]), { [key]: true })).toEqual(without)
    for (const module of modules.filter((name) => !name.endsWith('k_proj'))) {
      const one = new Map<string, Tensor>([...plain, ...zero, ...bias([module])])
      expect(await logits(one, { [key]: true })).not.toEqual(without)
    }
  })

  test('that config.json does not announce are unexpected', async () => {
    const all = new Map([...plain, ...bias([names[6]])])
    await expect(open(all)).rejects.toThrow(`m/model.safetensors: tensor "${names[6]}.bias": unexpected tensor`)
  })

  test('that config.json announces must be there', async () => {
    await expect(open(plain, { mlp_bias: true })).rejects.toThrow(`m: tensor "${names[4]}.bias" [136] is missing`)
  })
})

describe('checkpoints that do not fit', () => {
  const one = (data: number): Tensor => tensor('F32', [144, 1], new Float32Array(144).fill(1).with(5, data))
  const bf16 = tensor('BF16', [144, 136], new Uint16Array(144 * 136))
  const where = `m/model.safetensors: tensor "${down}`
  test.each<[string, Record<string, Tensor | null>, string]>([
    ['missing', { 'model.norm.weight': null }, 'm: tensor "model.norm.weight" [144] is missing'],
    ['misshapen', { [down]: codes([136, 144], random(1)) }, `${where}" is [136, 144], expected [144, 136]`],
    ['unexpected', { 'model.extra': bf16 }, 'm/model.safetensors: tensor "model.extra": unexpected tensor'],
    ['integers', { 'model.norm.weight': tensor('I32', [144], new Int32Array(144)) }, 'is I32, expected one of F64'],
    ['an fp8 norm', { 'model.norm.weight': codes([144], random(1)) }, 'is F8_E4M3, expected one of F64'],
    ['no scale', { [`${down}_scale`]: null }, `${where}" is F8_E4M3, but "${down}_scale" is missing`],
    ['two scales', { [`${down}_scale_inv`]: one(1) }, `${where}_scale_inv": unexpected tensor`],
    ['a scale for bf16', { [down]: bf16 }, `${where}_scale": a scale for a weight of BF16`],
    [
      'a misshapen scale',
      { [`${down}_scale`]: floats([136, 1], random(1)) },
      `${where}_scale" is F32 [136, 1], expected a float of shape [], [144, 1] or [2, 2]`,
    ],
    ['an integer scale', { [`${down}_scale`]: tensor('I32', [1], Int32Array.of(1)) }, 'is I32 [1], expected a float'],
  ])('%s', async (_, change, message) => {
    const all = fp8()
    for (const [name, value] of Object.entries(change)) {
      if (value === null) all.delete(name)
      else all.set(name, value)
    }
    const opened = open(all)
    await expect(opened).rejects.toThrow(InputError)
    await expect(opened).rejects.toThrow(message)
  })

  test.each([NaN, 0, -1, Infinity])('a scale of %d is refused when read', async (value) => {
    const { weights } = await open(fp8().set(`${down}_scale`, one(value)))
    const read = weights.read('layers.0.down.scale')
    await expect(read).rejects.toThrow(InputError)
    await expect(read).rejects.toThrow(`${where}_scale": scale 5 is ${value}, expected a finite positive number`)
  })

  test.each([
    ['F8_E4M3', [0x7f, 0xff], [0x7e, 0xfe]],
    ['F8_E5M2', [0x7c, 0x7d, 0x7f, 0xfc, 0xff], [0x7b, 0xfb]],
  ] as const)('codes of %s that are not finite are refused when read', async (dtype, bad, good) => {
    for (const code of [...bad, ...good]) {
      const data = new Uint8Array(144 * 136).fill(code, 7, 8)
      const { weights } = await open(fp8().set(down, tensor(dtype, [144, 136], data)))
      const read = weights.read('layers.0.down.weight')
      if ((good as readonly number[]).includes(code)) expect((await read).data).toEqual(data)
      else await expect(read).rejects.toThrow(`${where}": element 7 is not a finite number (code ${code})`)
    }
  })

  test('more layers than there are tensors end at the first that is missing', async () => {
    const start = performance.now()
    await expect(open(fp8(), { num_hidden_layers: 1e15 })).rejects.toThrow('"model.layers.1.input_layernorm.weight"')
    expect(performance.now() - start).toBeLessThan(1000)
  })

  test('a weight that the model lacks', async () => {
    const { weights } = await open(fp8())
    await expect(weights.read('layers.0.gate')).rejects.toThrow(
      new InputError('m: the model has no weight "layers.0.gate"'),
    )
  })

  test('what a weight-only reading does not need is passed over', async () => {
    const extra = [
      `${layer}.mlp.down_proj.input_scale`,
      `${layer}.self_attn.k_scale`,
      `${layer}.self_attn.rotary_emb.inv_freq`,
    ]
    const { weights } = await open(new Map([...fp8(), ...extra.map((name) => [name, one(1)] as const)]))
    expect([...weights.specs.keys()].filter((name) => /input|k_scale|inv_freq/.test(name))).toEqual([])
  })

  test('a tied model may bring its output table', async () => {
    const { weights } = await open(fp8(), { tie_word_embeddings: true })
    expect(weights.specs.has('logits.weight')).toBe(false)
  })
})

describe('quantization_config', () => {
  test.each([
    [{ quant_method: 'gptq' }, 'quant_method is "gptq"'],
    [{}, 'quant_method is nothing'],
    [{ quant_method: 'compressed-tensors', format: 'int-quantized' }, 'format is "int-quantized"'],
    [{ quant_method: 'fp8', weight_block_size: [64, 128] }, 'weight_block_size is [64,128]'],
    [{ quant_method: 'fp8', weight_block_size: '128,128' }, 'weight_block_size is "128,128"'],
    [{ quant_method: 'fp8', weight_block_size: { toString: 1 } }, 'weight_block_size is {"toString":1}'],
  ])('%j', async (quantization_config, message) => {
    const opened = open(fp8(), { quantization_config })
    await expect(opened).rejects.toThrow(UnsupportedError)
    await expect(opened).rejects.toThrow(`m/config.json: quantization_config.${message}`)
  })

  test.each([
    [{ quant_method: 'compressed-tensors', format: 'float-quantized' }],
    [{ quant_method: 'fp8', weight_block_size: [128, 128] }],
    [{ quant_method: 'fp8', weight_block_size: null, activation_scheme: 'static' }],
  ])('%j is read', async (quantization_config) => {
    expect((await open(fp8(), { quantization_config })).weights.specs.size).toBe(19)
  })
})
