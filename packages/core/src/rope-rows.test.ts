import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { UnsupportedError } from './errors.ts'
import { coveringHeads, pickRows, storedRow } from './rope-rows.ts'
import { elements, tensor, type Tensor } from './tensor.ts'
import {
  changed,
  codes,
  floats,
  layer,
  linears,
  logits,
  open,
  others,
  random,
  scales,
  unquantised,
  type Tensors,
} from './weights.fixture.ts'

/** Graph row → stored row, spelled out: the pairs of a head of four are (0, 2) and (1, 3), stored as 0, 2, 1, 3. */
test('neighbours become halves', () => {
  expect(Array.from({ length: 8 }, (_, row) => storedRow(row, 4))).toEqual([0, 2, 1, 3, 4, 6, 5, 7])
  expect(Array.from({ length: 6 }, (_, row) => storedRow(row, 6))).toEqual([0, 2, 4, 1, 3, 5])
})

const shape = fc.record({
  heads: fc.integer({ min: 1, max: 5 }),
  half: fc.integer({ min: 1, max: 20 }),
  width: fc.integer({ min: 1, max: 4 }),
})

/** Rows [heads · d, width] as Mistral stores them, by its definition: stored 2i + j of a head is row j·d/2 + i. */
function interleaved<D extends Tensor>(rows: D, headDim: number): D {
  const [count] = rows.shape
  const width = elements(rows.shape.slice(1))
  const data = rows.data.slice()
  for (let head = 0; head < count; head += headDim) {
    for (let i = 0; i < headDim / 2; i++) {
      for (const j of [0, 1]) {
        const from = head + (j * headDim) / 2 + i
        data.set(rows.data.subarray(from * width, (from + 1) * width) as never, (head + 2 * i + j) * width)
      }
    }
  }
  return { ...rows, data }
}

describe('rows', () => {
  test('any range, read from the heads around it, is that part of the whole', () => {
    fc.assert(
      fc.property(shape, fc.nat(), fc.nat(), ({ heads, half, width }, a, b) => {
        const [count, headDim] = [heads * half * 2, half * 2]
        const data = Int32Array.from({ length: count * width }, (_, i) => i)
        const stored = interleaved(tensor('I32', [count, width], data), headDim)
        const range = { from: Math.min(a % count, b % (count + 1)), to: Math.max(a % count, b % (count + 1)) }
        const around = coveringHeads(range, headDim)
        expect(around.to - around.from).toBeLessThan(range.to - range.from + 2 * headDim)
        const read = {
          ...stored,
          shape: [around.to - around.from, width],
          data: stored.data.slice(around.from * width, around.to * width),
        }
        const found = pickRows(read, around.from, range, headDim)
        expect(found).toEqual(
          tensor('I32', [range.to - range.from, width], data.slice(range.from * width, range.to * width)),
        )
      }),
      { seed: 3, numRuns: 500 },
    )
  })
})

const spellings: Record<string, string> = {
  'model.embed_tokens': 'tok_embeddings',
  'model.norm': 'norm',
  lm_head: 'output',
  [`${layer}.input_layernorm`]: 'layers.0.attention_norm',
  [`${layer}.post_attention_layernorm`]: 'layers.0.ffn_norm',
  [`${layer}.self_attn.q_proj`]: 'layers.0.attention.wq',
  [`${layer}.self_attn.k_proj`]: 'layers.0.attention.wk',
  [`${layer}.self_attn.v_proj`]: 'layers.0.attention.wv',
  [`${layer}.self_attn.o_proj`]: 'layers.0.attention.wo',
  [`${layer}.mlp.gate_proj`]: 'layers.0.feed_forward.w1',
  [`${layer}.mlp.down_proj`]: 'layers.0.feed_forward.w2',
  [`${layer}.mlp.up_proj`]: 'layers.0.feed_forward.w3',
}

/** A Hugging Face checkpoint in Mistral's own form. */
function native(tensors: Tensors, headDim = 8): Tensors {
  return new Map(
    [...tensors].map(([name, value]) => {
      const [, module, part] = /^(.*)\.(.*)$/.exec(name)!
      const turned = /[qk]_proj/.test(module) && elements(value.shape) >= headDim ? interleaved(value, headDim) : value
      return [
        `${spellings[module]}.${part.replace('weight_scale', 'qscale_weight').replace('input_scale', 'qscale_act')}`,
        turned,
      ]
    }),
  )
}

/** fp8 with scales of one shape; `granule` says which. */
function fp8(form: (rows: number, width: number) => number[]): Tensors {
  const [next, nextScale] = [random(2), random(3)]
  const all = others()
  for (const [name, size] of Object.entries(linears)) {
    all.set(`${name}.weight`, codes(size, next))
    all.set(`${name}.weight_scale`, scales(form(...size), nextScale))
    all.set(`${name}.input_scale`, tensor('F32', [], Float32Array.of(7)))
  }
  return all
}

const quantization = { qformat_weight: 'fp8_e4m3', qscheme_act: 'TENSOR' }
const compressed = (strategy: string) => ({
  quant_method: 'compressed-tensors',
  format: 'float-quantized',
  config_groups: {
    g: {
      targets: ['Linear'],
      weights: { num_bits: 8, type: 'float', strategy, block_structure: strategy === 'block' ? [128, 128] : null },
    },
  },
})

describe("Mistral's own checkpoints", () => {
  const theirs = { more: { model_type: 'llama' } }
  test('the same model in both forms gives the same numbers', async () => {
    const found = await logits(native(unquantised()), { format: 'mistral' })
    expect(found).toEqual(await logits(unquantised(), theirs))
    const unturned = changed(native(unquantised()), {
      'layers.0.attention.wq.weight': unquantised().get(`${layer}.self_attn.q_proj.weight`)!,
    })
    expect(await logits(unturned, { format: 'mistral' })).not.toEqual(found)
  })

  test.each<[string, (rows: number, width: number) => number[]]>([
    ['tensor', () => []],
    ['channel', (rows) => [rows]],
    ['channel', (rows) => [rows, 1]],
    ['block', (rows, width) => [Math.ceil(rows / 128), Math.ceil(width / 128)]],
  ])('fp8 with a scale per %s', async (strategy, form) => {
    const model = fp8(form)
    const found = await logits(native(model), { format: 'mistral', more: { quantization } })
    expect(found).toEqual(await logits(model, { more: { quantization_config: compressed(strategy) } }))
  })

  test('every range of rows is that part of the whole', async () => {
    for (const form of [
      () => [],
      (rows: number) => [rows, 1],
      (rows: number, width: number) => [Math.ceil(rows / 128), Math.ceil(width / 128)],
    ]) {
      const { weights } = await open(native(fp8(form)), { format: 'mistral', more: { quantization } })
      for (const [
        name,
        {
          shape: [rows, ...row],
        },
      ] of weights.specs) {
        const whole = await weights.read(name)
        expect(whole.shape).toEqual([rows, ...row])
        for (const [from, to] of [
          [0, 0],
          [0, 1],
          [0, rows],
          [rows - 1, rows],
          [3, 11],
          [7, 9],
          [8, 16],
        ].filter(([, to]) => to <= rows)) {
          const part = await weights.read(name, { from, to })
          const width = elements(row)
          expect(part).toEqual({
            ...whole,
            shape: [to - from, ...row],
            data: whole.data.slice(from * width, to * width),
          })
        }
      }
    }
  })

  test.each([[{ from: 0.5, to: 3 }], [{ from: -1, to: 3 }], [{ from: 3, to: 2 }], [{ from: 0, to: 17 }]])(
    'the range %j',
    async (range) => {
      const { weights } = await open(native(unquantised()), { format: 'mistral' })
      const error = `tensor "layers.0.attention.wq.weight": expected a range of its 16 rows, found [${range.from}, ${range.to})`
      await expect(weights.read('layers.0.query.weight', range)).rejects.toThrow(error)
    },
  )

  test('heads that cross blocks cannot be reordered', async () => {
    const wide = (headDim: number) => {
      const sizes: Record<string, [number, number]> = {
        q: [2 * headDim, 144],
        k: [headDim, 144],
        v: [headDim, 144],
        o: [144, 2 * headDim],
      }
      const all = native(fp8((rows, width) => [Math.ceil(rows / 128), Math.ceil(width / 128)]))
      for (const [part, size] of Object.entries(sizes)) {
        all.set(`layers.0.attention.w${part}.weight`, codes(size, random(1)))
        all.set(
          `layers.0.attention.w${part}.qscale_weight`,
          scales(
            size.map((n) => Math.ceil(n / 128)),
            random(1),
          ),
        )
      }
      return open(all, { format: 'mistral', more: { quantization, head_dim: headDim } })
    }
    expect((await wide(64)).weights.specs.get('layers.0.query.scale')!.shape).toEqual([1, 2])
    for (const headDim of [96, 256]) {
      await expect(wide(headDim)).rejects.toThrow(UnsupportedError)
      const why = `heads of ${headDim} rows do not fit into blocks of 128`
      await expect(wide(headDim)).rejects.toThrow(`tensor "layers.0.attention.wq.qscale_weight": ${why}`)
    }
  })

  test.each<[string, Tensors, object, string]>([
    [
      'fp8 without a claim',
      native(fp8(() => [])),
      {},
      '"layers.0.attention.wq.weight" is F8_E4M3, but params.json tells of no',
    ],
    [
      'a claim without fp8',
      native(unquantised()),
      { quantization },
      'wq.weight" of F8_E4M3: m/params.json: quantization does not leave it out',
    ],
    ['names of the other format', unquantised(), {}, 'm: tensor "tok_embeddings.weight" [20, 144] is missing'],
    [
      'a tensor too many',
      changed(native(unquantised()), { 'layers.0.x': floats([1], random(1)) }),
      {},
      'unexpected tensor; params.json does not',
    ],
  ])('%s', async (_, model, more, message) => {
    await expect(open(model, { format: 'mistral', more })).rejects.toThrow(message)
  })
})
