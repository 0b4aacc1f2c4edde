import { decode, tensor, type DType, type Tensor } from '@tramontane/core'
import { beforeAll, describe, expect, it } from 'vitest'
import { Kernels } from './kernel.fixture.ts'
import { float } from './recorder.ts'
import { formats } from './weight.ts'

let kernels: Kernels
beforeAll(async () => {
  kernels = await Kernels.open()
})

/** Between −1 and 1, the same in every run. */
function numbers(length: number, seed: number): Float32Array {
  let state = seed
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  })
}

interface Case {
  readonly dtype: DType
  readonly T: number
  /** Rows of the parts of the weight: one part has scales and blocks of its own. */
  readonly N: readonly number[]
  readonly K: number
  readonly scale: 'none' | 'rows' | 'blocks'
  readonly bias: boolean
  readonly normed: boolean
}

/** Operands of a case as the device has them, and x · (scale · codes)ᵀ + bias in double precision with what rounding may change. */
function operands({ dtype, T, N, K, scale, bias, normed }: Case) {
  const { format, perLoad } = formats[dtype]!
  const rows = N.reduce((a, b) => a + b)
  const loads = Math.ceil(K / perLoad)
  const width = loads * perLoad
  const codes = codesOf(dtype, rows, K, width)
  const weight = decode(codes)
  const stride = 16 * Math.ceil(K / 16)
  const x = new Float32Array(T * stride)
  const values = numbers(T * K, 3)
  for (let t = 0; t < T; t++) x.set(values.subarray(t * K, (t + 1) * K), t * stride)
  const across = Math.ceil(K / 128)
  const blockRows = N.map((n) => Math.ceil(n / 128))
  const scales =
    scale === 'rows' ? numbers(rows, 5) : scale === 'blocks' ? numbers(sum(blockRows) * across, 5) : new Float32Array(4)
  const biases = bias ? numbers(rows, 7) : new Float32Array(0)
  const norm = new Float32Array(stride)
  norm.set(numbers(K, 9))
  const part = (n: number): number => N.findIndex((_, i) => n < sum(N.slice(0, i + 1)))
  const scaleOf = (n: number, k: number): number => {
    if (scale !== 'blocks') return scale === 'rows' ? scales[n] : 1
    const i = part(n)
    const row = sum(blockRows.slice(0, i)) + Math.floor((n - sum(N.slice(0, i))) / 128)
    return scales[row * across + Math.floor(k / 128)]
  }
  const [expected, bounds] = [new Float64Array(T * rows), new Float64Array(T * rows)]
  for (let t = 0; t < T; t++) {
    const row = x.subarray(t * stride, t * stride + K)
    const factor = normed ? 1 / Math.sqrt(row.reduce((a, v) => a + v * v, 0) / K + 1e-5) : 1
    for (let n = 0; n < rows; n++) {
      let [value, sizes] = [bias ? biases[n] : 0, bias ? Math.abs(biases[n]) : 0]
      for (let k = 0; k < K; k++) {
        const term = row[k] * factor * (normed ? norm[k] : 1) * scaleOf(n, k) * weight[n * width + k]
        value += term
        sizes += Math.abs(term)
      }
      expected[t * rows + n] = value
      // A sum of K terms of three or four factors each; the norm's sum of squares errs by as much again at most.
      bounds[t * rows + n] = 2 * (K + 8) * 2 ** -24 * sizes
    }
  }
  const constants = {
    format,
    normed,
    block_scales: scale === 'blocks',
    tile: T === 1 ? 1 : T <= 4 ? 4 : 8,
    lanes: 4,
    invocations: 64,
  }
  const sizes = [K, stride, loads, bias ? scales.length : 0, rows / 2, Number(scale === 'rows'), 0, 0, 0]
  return { x, codes: bytesOf(codes), vectors: joined(scales, biases), norm, constants, rows, sizes, expected, bounds }
}

function codesOf(dtype: DType, rows: number, K: number, width: number): Tensor {
  const values = numbers(rows * width, 1)
  if (dtype === 'F32') {
    for (let i = 0; i < values.length; i++) if (i % width >= K) values[i] = 0
    return tensor('F32', [rows, width], values)
  }
  const short = dtype.startsWith('F8')
  const codes = Array.from(values, (value, i) => {
    if (i % width >= K) return 0
    const code = Math.floor((value + 1) * 128)
    // Any finite code of 8 bits; of 16 bits numbers of about 2⁻¹² to 2³.
    if (short) return (dtype === 'F8_E5M2' ? (code & 0x7f) < 0x7c : (code & 0x7f) < 0x7f) ? code : 0x40
    return dtype === 'BF16' ? 0x3a00 + 5 * code + ((code & 1) << 15) : 0x2000 + 60 * code + ((code & 1) << 15)
  })
  return tensor(dtype, [rows, width], (short ? Uint8Array.from(codes) : Uint16Array.from(codes)) as never)
}

function bytesOf({ data }: Tensor): Uint8Array {
  return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
}

function sum(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0)
}

function joined(a: Float32Array, b: Float32Array): Float32Array {
  const both = new Float32Array(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return both
}

/** Parameters of all kernels after products.wgsl. */
function paramsOf(
  T: number,
  first: number,
  rows: number,
  blocks: number,
  yStride: number,
  sizes: readonly number[],
): number[] {
  const lines = [0, 1, 2, 3, 4, 5, 6, 7].map((t) => Math.min(t, T - 1))
  const slots = lines.map((t) => 64 * (2 - (t % 2)) + 5 * t)
  return [T, first, rows, blocks, blocks, yStride, float(1e-5), ...sizes, ...lines, ...slots]
}

function check(found: ArrayLike<number>, expected: ArrayLike<number>, bounds: ArrayLike<number>): void {
  const wrong = Array.from(expected).findIndex((value, i) => !(Math.abs(found[i] - value) <= bounds[i]))
  expect(wrong < 0 ? 'within the bound' : `${wrong}: ${found[wrong]}, expected ${expected[wrong]}`).toBe(
    'within the bound',
  )
}

const plain = { scale: 'none', bias: false, normed: false } as const
const cases: Case[] = [
  ...(['F32', 'BF16', 'F16', 'F8_E4M3', 'F8_E5M2'] as const).map((dtype) => ({
    dtype,
    T: 1,
    N: [21],
    K: 76,
    ...plain,
  })),
  ...[1, 2, 3, 8].map((T) => ({ dtype: 'F8_E4M3' as const, T, N: [19], K: 144, ...plain, normed: true })),
  { dtype: 'F8_E4M3', T: 5, N: [40], K: 96, scale: 'rows', bias: true, normed: true },
  { dtype: 'F8_E4M3', T: 2, N: [150], K: 272, scale: 'blocks', bias: false, normed: false },
]

describe('project', () => {
  it.each(cases)('$dtype, $T rows of $K, $N of the weight, $scale, bias $bias, norm $normed', async (given) => {
    const { x, codes, vectors, norm, constants, rows, sizes, expected, bounds } = operands(given)
    const y = new Float32Array(given.T * 256)
    const blocks = Math.ceil(rows / 8)
    const params = paramsOf(given.T, 0, rows, blocks, 256, sizes)
    const found = await kernels.run({ kernel: 'project', constants }, [x, codes, vectors, norm, y], params, [
      Math.ceil(blocks / 16),
    ])
    for (let t = 0; t < given.T; t++) {
      const [from, to] = [t * rows, (t + 1) * rows]
      check(found[4].subarray(256 * t), expected.subarray(from, to), bounds.subarray(from, to))
    }
  })

  it('adds to the residual stream, rows of x in any order, rows of the weight from `first` on', async () => {
    const given: Case = { dtype: 'BF16', T: 3, N: [24], K: 64, scale: 'rows', bias: false, normed: false }
    const { x, codes, vectors, norm, constants, sizes, expected, bounds } = operands(given)
    const y = numbers(3 * 32, 11)
    const params = paramsOf(3, 8, 16, 2, 32, sizes)
    params.splice(16, 3, 2, 0, 1)
    const upper = codes.subarray(8 * 128)
    const binding = { kernel: 'project', constants: { ...constants, residual: true } } as const
    const found = (await kernels.run(binding, [x, upper, vectors, norm, y], params, [1]))[4]
    for (const [t, row] of [2, 0, 1].entries()) {
      const values = Float64Array.from({ length: 24 }, (_, n) => y[32 * t + n] + (n < 8 ? 0 : expected[24 * row + n]))
      const wide = Float64Array.from({ length: 24 }, (_, n) => bounds[24 * row + n] + 2 ** -23)
      check(found.subarray(32 * t), values, wide)
    }
  })
})

describe('gate_up', () => {
  it.each([
    { dtype: 'F8_E4M3', T: 1, N: [22, 22], K: 64, ...plain, normed: true },
    { dtype: 'F8_E4M3', T: 4, N: [140, 140], K: 160, scale: 'blocks', bias: true, normed: true },
  ] as Case[])('$dtype, $T rows, $scale', async (given) => {
    const { x, codes, vectors, norm, constants, rows, sizes, expected, bounds } = operands(given)
    const F = rows / 2
    const y = new Float32Array(given.T * 160)
    const blocks = Math.ceil(F / 4)
    const params = paramsOf(given.T, 0, rows, blocks, 160, sizes)
    const binding = { kernel: 'gate_up', constants } as const
    const found = (await kernels.run(binding, [x, codes, vectors, norm, y], params, [Math.ceil(blocks / 16)]))[4]
    for (let t = 0; t < given.T; t++) {
      for (let n = 0; n < F; n++) {
        const [gate, up] = [expected[t * rows + n], expected[t * rows + F + n]]
        const [gateBound, upBound] = [bounds[t * rows + n], bounds[t * rows + F + n]]
        const silu = gate / (1 + Math.exp(-gate))
        // |silu′| ≤ 1.1; e^x of WGSL errs by (3 + 2 · |x|) · 2⁻²⁴ · 2 at most, of which silu takes a part.
        const bound = 1.1 * gateBound * Math.abs(up) + Math.abs(silu) * upBound + 2 ** -20 * Math.abs(silu * up)
        check([found[160 * t + n]], [silu * up], [bound + 1e-7])
      }
    }
  })
})

describe('qkv', () => {
  it.each([
    { d: 8, H: 4, G: 2, T: 1, scale: 'none', bias: false },
    { d: 10, H: 3, G: 1, T: 3, scale: 'rows', bias: true },
    { d: 36, H: 4, G: 2, T: 8, scale: 'blocks', bias: false },
  ] as const)('$H heads of $d, $G for keys, $T rows, $scale', async ({ d, H, G, T, scale, bias }) => {
    const given: Case = { dtype: 'F8_E4M3', T, N: [H * d, G * d, G * d], K: 80, scale, bias, normed: true }
    const { x, codes, vectors, norm, constants, rows, sizes, expected, bounds } = operands(given)
    const [half, quads, pages] = [d / 2, Math.ceil(d / 4), 3]
    const y = new Float32Array(T * 160)
    const angles = Float32Array.from({ length: 16 * half }, (_, i) =>
      i % 2 === 0 ? Math.cos(0.1 * i) : Math.sin(0.1 * i),
    )
    const store = () => new Float32Array(pages * G * quads * 64 * 4)
    const blocks = (H + 2 * G) * Math.ceil(half / 4)
    const params = paramsOf(T, 0, rows, blocks, 160, sizes)
    const binding = { kernel: 'qkv', constants: { ...constants, heads: H, kv_heads: G, head_size: d } } as const
    const data = [store(), store(), x, codes, vectors, norm, y, angles]
    const [keys, values, , , , , query] = await kernels.run(binding, data, params, [Math.ceil(blocks / 16)])
    for (let t = 0; t < T; t++) {
      const slot = params[24 + t]
      const [page, position] = [Math.floor(slot / 64), slot % 64]
      for (let head = 0; head < H + 2 * G; head++) {
        for (let c = 0; c < d; c++) {
          const own = t * rows + head * d + c
          const other = t * rows + head * d + ((c + half) % d)
          const [cos, sin] = angles.subarray(2 * (t * half + (c % half)))
          const turned = expected[own] * cos + (c < half ? -1 : 1) * expected[other] * sin
          const isValue = head >= H + G
          const value = isValue ? expected[own] : turned
          const bound = bounds[own] + bounds[other] + 2 ** -22 * (Math.abs(expected[own]) + Math.abs(expected[other]))
          const [quad, g] = [Math.floor(c / 4), (head - H) % G]
          const key = (((page * G + g) * quads + quad) * 64 + position) * 4 + (c % 4)
          const at = (((page * G + g) * 64 + position) * quads + quad) * 4 + (c % 4)
          const found = head < H ? query[160 * t + head * d + c] : isValue ? values[at] : keys[key]
          check([found], [value], [bound])
        }
      }
    }
    const written = (stored: Float32Array): number => stored.reduce((n, value) => n + (value === 0 ? 0 : 1), 0)
    expect([written(keys), written(values)]).toEqual([T * G * d, T * G * d])
  })
})
