import { decode, decodeTable, encode, InputError, tensor, UnsupportedError, type Tensor } from '@tramontane/core'
import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { nodeBackend, types, type Binding } from './node-binding.ts'
import { nodeRuntime, type NodeTensor, type NodeTfjs } from './node-runtime.ts'
import type { Runtime } from './runtime.ts'

// Fails, rather than skips, where there is no tfjs-node: whoever runs these tests asks about it.
const folder = process.env.TRAMONTANE_TFJS_NODE
if (!folder) {
  throw new Error(
    'TRAMONTANE_TFJS_NODE: expected a folder in whose node_modules @tensorflow/tfjs-node is, found nothing',
  )
}
const tf = createRequire(`${resolve(folder)}/`)('@tensorflow/tfjs-node') as NodeTfjs
const binding: Binding = nodeBackend(tf).binding
const r = nodeRuntime(tf, { memory: Infinity })

let before = 0
beforeEach(() => void (before = r.live()))
afterEach(() => expect(r.live()).toBe(before))

const unit = 2 ** -24

/** Seeded numbers in [−1, 1), float32. */
function random(length: number, seed = 1): Float32Array {
  let state = seed
  return Float32Array.from({ length }, () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state / 2 ** 31 - 1
  })
}

const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1)

/** Uploads inputs, runs, downloads and frees; the shape comes too. */
function result(
  body: (...inputs: NodeTensor[]) => NodeTensor,
  ...inputs: [Float32Array, number[]][]
): { values: number[]; shape: readonly number[] } {
  const tensors = inputs.map(([data, shape]) => r.upload(data, shape))
  const out = body(...tensors)
  const values = [...(r.download(out) as Float32Array)]
  for (const x of [...tensors, out]) r.free(x)
  return { values, shape: out.shape }
}

/** Each value within `ulps` roundings of its magnitude. */
function expectNear(found: number[], expected: number[], bound: (i: number) => number): void {
  expect(found.length).toBe(expected.length)
  expected.forEach((value, i) => expect(Math.abs(found[i] - value)).toBeLessThanOrEqual(bound(i)))
}

describe('kernels against double precision', () => {
  // |error| ≤ γ(K) Σ|a·b|, whatever the order of the sum.
  it.each([
    ['rank 2', [3, 40], [40, 5]],
    ['rank 3', [2, 3, 40], [2, 40, 5]],
    ['no rows', [0, 40], [40, 5]],
    ['nothing to sum', [3, 0], [0, 5]],
  ])('matMul, %s', (_, a, b) => {
    const [x, y] = [random(size(a)), random(size(b), 2)]
    const [M, K, N] = [a.at(-2)!, a.at(-1)!, b.at(-1)!]
    const sums = (f: (v: number) => number): number[] =>
      Array.from({ length: (a.length === 3 ? a[0] : 1) * M * N }, (_, i) => {
        const [g, m, n] = [Math.floor(i / (M * N)), Math.floor(i / N) % M, i % N]
        let sum = 0
        for (let k = 0; k < K; k++) sum += f(x[(g * M + m) * K + k] * y[(g * K + k) * N + n])
        return sum
      })
    const { values, shape } = result((p, q) => r.matMul(p, q), [x, a], [y, b])
    expect(shape).toEqual([...a.slice(0, -1), N])
    const scale = sums(Math.abs)
    expectNear(values, sums(Number), (i) => (K + 1) * unit * scale[i])
  })

  it('add and mul are rounded once, and broadcast', () => {
    const [x, y] = [random(12), random(4, 2)]
    const [a, b] = [(i: number) => x[i], (i: number) => y[i % 4]]
    const each = (f: (i: number) => number): number[] => Array.from({ length: 12 }, (_, i) => Math.fround(f(i)))
    const inputs: [Float32Array, number[]][] = [
      [x, [3, 4]],
      [y, [4]],
    ]
    expect(result((p, q) => r.add(p, q), ...inputs).values).toEqual(each((i) => a(i) + b(i)))
    expect(result((p, q) => r.mul(p, q), ...inputs).values).toEqual(each((i) => a(i) * b(i)))
  })

  it('silu, rsqrt, mean and softmax', () => {
    const x = random(24).map((v) => 20 * v)
    const rows = (f: (row: number[]) => number[]): number[] =>
      [0, 1, 2].flatMap((t) => f([...x.subarray(8 * t, 8 * t + 8)]))
    const mean = rows((row) => [row.reduce((a, b) => a + b) / 8])
    const soft = rows((row) => {
      const powers = row.map((v) => Math.exp(v - Math.max(...row)))
      return powers.map((p) => p / powers.reduce((a, b) => a + b))
    })
    const silu = [...x].map((v) => v / (1 + Math.exp(-v)))
    expectNear(result((p) => r.silu(p), [x, [3, 8]]).values, silu, (i) => 8 * unit * Math.abs(silu[i]))
    const squares = x.map((v) => v * v)
    const roots = [...squares].map((v) => 1 / Math.sqrt(v))
    expectNear(result((p) => r.rsqrt(p), [squares, [3, 8]]).values, roots, (i) => 6 * unit * roots[i])
    const found = result((p) => r.mean(p), [x, [3, 8]])
    expect(found.shape).toEqual([3, 1])
    expectNear(found.values, mean, () => 9 * unit * 20)
    // x − max errs by a rounding of 40, its power by as much relatively.
    expectNear(result((p) => r.softmax(p), [x, [3, 8]]).values, soft, (i) => 64 * unit * soft[i] + 1e-38)
  })

  it('what moves numbers changes none', () => {
    const x = Float32Array.from({ length: 24 }, (_, i) => i)
    const at = (f: (i: number, j: number, k: number) => number, I: number, J: number, K: number): number[] =>
      Array.from({ length: I * J * K }, (_, n) => f(Math.floor(n / (J * K)), Math.floor(n / K) % J, n % K))
    const value = (i: number, j: number, k: number): number => 12 * i + 4 * j + k
    const one = (f: (p: NodeTensor) => NodeTensor) => result(f, [x, [2, 3, 4]])
    expect(one((p) => r.reverse(p, 1)).values).toEqual(at((i, j, k) => value(i, 2 - j, k), 2, 3, 4))
    expect(one((p) => r.reshape(p, [6, 4]))).toEqual({ values: [...x], shape: [6, 4] })
    expect(one((p) => r.transpose(p, [2, 0, 1])).values).toEqual(at((k, i, j) => value(i, j, k), 4, 2, 3))
    expect(one((p) => r.slice(p, [1, 0, 2], [1, 3, 2])).values).toEqual(
      at((i, j, k) => value(1 + i, j, 2 + k), 1, 3, 2),
    )
    const twice = result((p, q) => r.concat([p, q, p], 1), [x.slice(0, 2), [2, 1]], [x.slice(2, 6), [2, 2]])
    expect(twice).toEqual({ values: [0, 2, 3, 0, 1, 4, 5, 1], shape: [2, 4] })
    expect(one((p) => r.concat([p], 1))).toEqual({ values: [...x], shape: [2, 3, 4] })
  })

  it('tensors without rows', () => {
    const none: [Float32Array, number[]] = [new Float32Array(0), [0, 4]]
    for (const f of [r.silu, r.rsqrt, r.softmax]) expect(result(f, none)).toEqual({ values: [], shape: [0, 4] })
    expect(result((p) => r.mean(p), none).shape).toEqual([0, 1])
    expect(result((p) => r.reshape(p, [4, 0]), none).shape).toEqual([4, 0])
    expect(result((p) => r.slice(p, [0, 1], [0, 2]), none).shape).toEqual([0, 2])
    expect(result((p, q) => r.concat([p, q], 0), none, [random(4), [1, 4]]).shape).toEqual([1, 4])
  })

  it('more shapes than constants are kept for', () => {
    const x = r.upload(random(3000), [3000])
    for (let i = 0; i < 3000; i++) r.free(r.slice(x, [i], [3000 - i]))
    r.free(x)
  })
})

const formats = ['F8_E4M3', 'F8_E5M2', 'F16', 'BF16'] as const

/** All codes of a format, [codes / K, K] */
function all(dtype: (typeof formats)[number], K: number): Tensor {
  const count = dtype.startsWith('F8') ? 2 ** 8 : 2 ** 16
  const codes = Array.from({ length: count }, (_, i) => i)
  const data = count === 256 ? Uint8Array.from(codes) : Uint16Array.from(codes)
  return tensor(dtype, [count / K, K], data as never)
}

/** What a tensor holds. */
function held(x: NodeTensor): number[] {
  const attribute = (name: string, value: number) => ({ name, type: binding.TF_ATTR_TYPE, value })
  const attributes = [attribute('SrcT', x.dtype), attribute('DstT', types.float)]
  const [float] = binding.executeOp('Cast', attributes, [x.id], 1)
  const values = [...(binding.tensorDataSync(float.id) as Float32Array)]
  binding.deleteTensor(float.id)
  return values
}

const runtimes = {
  float32: [nodeRuntime(tf, { memory: Infinity }), 4],
  '16 bits': [nodeRuntime(tf, { memory: 0 }), 2],
} as const

describe.each(Object.entries(runtimes))('weights in %s', (_, [runtime, width]) => {
  it.each(formats)('every code of %s is exact, subnormal, infinite or NaN', (dtype) => {
    for (const K of [1, 16]) {
      const codes = all(dtype, K)
      const { tensor: x, bytes } = runtime.matrix(codes)
      expect([bytes, x.shape]).toEqual([width * codes.data.length, codes.shape])
      expect(held(x)).toEqual([...decodeTable(dtype)])
      runtime.free(x)
    }
  })

  it.each(formats)('times of %s: each product exact', (dtype) => {
    const matrix = runtime.matrix(all(dtype, 1))
    const one = runtime.upload(Float32Array.of(1), [1, 1])
    const y = runtime.times(one, matrix)
    const found = [...(runtime.download(y) as Float32Array)]
    // TensorFlow takes float32's own subnormal numbers, which BF16 has, for 0.
    const expected = [...decodeTable(dtype)].map((v) => (Math.abs(v) < 2 ** -126 ? 0 : v))
    expect(found.map((v) => v + 0)).toEqual(expected.map((v) => v + 0))
    for (const x of [matrix.tensor, one, y]) runtime.free(x)
  })

  it('a matrix of more than one band, from a view at an odd place', () => {
    const [N, K] = [700, 6001]
    for (const dtype of ['F8_E4M3', 'BF16'] as const) {
      const values = encode(dtype, [N * K + 1], random(N * K + 1)).data
      const codes = tensor(dtype, [N, K], values.subarray(1) as never)
      const matrix = runtime.matrix(codes)
      const x = runtime.upload(
        Float32Array.from({ length: 2 * K }, (_, i) => Number(i === 17 || i === K + 6000)),
        [2, K],
      )
      const y = runtime.times(x, matrix)
      const table = decode(codes)
      const expected = [17, 6000].flatMap((k) => Array.from({ length: N }, (_, n) => table[n * K + k]))
      expect([...(runtime.download(y) as Float32Array)].map((v) => v + 0)).toEqual(expected.map((v) => v + 0))
      for (const t of [matrix.tensor, x, y]) runtime.free(t)
    }
  })

  it('F32 is held as it is, F64 to the nearest float32; none has no rows', () => {
    const numbers = [1 / 3, -(2 ** -126), 3e38, 0]
    for (const dtype of ['F32', 'F64'] as const) {
      const { tensor: x, bytes } = runtime.matrix(encode(dtype, [2, 2], numbers))
      expect([bytes, held(x)]).toEqual([16, numbers.map((v) => Math.fround(v))])
      runtime.free(x)
    }
    for (const dtype of [...formats, 'F32', 'F64'] as const) {
      const { tensor: x } = runtime.matrix(encode(dtype, [0, 4], []))
      const [three, none] = [runtime.upload(random(12), [3, 4]), runtime.upload(new Float32Array(0), [0, 4])]
      const products = [three, none].map((a) => runtime.times(a, { tensor: x, bytes: 0, scaled: false }))
      expect(products.map((y) => y.shape)).toEqual([
        [3, 0],
        [0, 0],
      ])
      for (const t of [x, three, none, ...products]) runtime.free(t)
    }
  })
})

it.each([[[0.5]], [[0.5, 3, 0.1]]])('a scale %j goes into float32, not into 16 bits', (scale) => {
  const codes = encode('F8_E4M3', [3, 2], [1, -2, 0.5, 448, -0.015625, 3])
  const rows = scale.length === 1 ? [0.5, 0.5, 0.5] : scale
  const values = [...decode(codes)].map((v, i) => Math.fround(v * Math.fround(rows[Math.floor(i / 2)])))
  for (const [{ matrix, free }, width] of Object.values(runtimes)) {
    const { tensor: x, scaled } = matrix(codes, Float32Array.from(scale))
    expect([scaled, held(x)]).toEqual([width === 4, width === 4 ? values : [...decode(codes)]])
    free(x)
  }
})

it('memory that is freed serves the next weight', () => {
  const runtime = nodeRuntime(tf, { memory: 4 * 256 })
  const codes = all('F8_E4M3', 16)
  const [first, second] = [runtime.matrix(codes), runtime.matrix(codes)]
  expect([first.bytes, second.bytes]).toEqual([1024, 512])
  runtime.free(first.tensor)
  const third = runtime.matrix(codes)
  expect(third.bytes).toBe(1024)
  for (const { tensor: x } of [second, third]) runtime.free(x)
})

describe('profile bf16', () => {
  const round = (v: number): number => decode(encode('BF16', [1], [v]))[0]

  it.each(['F8_E4M3', 'F8_E5M2', 'BF16'] as const)('of %s rounds inputs to nearest even, and the product', (dtype) => {
    const runtime = nodeRuntime(tf, { profile: 'bf16', memory: Infinity })
    const values = random(4096).map((v, i) => (i % 2 ? v : Math.fround(round(v) * (1 + 2 ** -9))))
    const x = runtime.upload(values, [4096, 1])
    const matrix = runtime.matrix(encode(dtype, [3, 1], [1, 1.25, -0.0625]))
    const y = runtime.times(x, matrix)
    const expected = [...values].flatMap((v) => [1, 1.25, -0.0625].map((w) => round(round(v) * w)))
    expect([matrix.bytes, y.dtype]).toEqual([6, types.float])
    expect([...(runtime.download(y) as Float32Array)]).toEqual(expected)
    for (const t of [x, matrix.tensor, y]) runtime.free(t)
  })

  it('F16, F32 and F64 are multiplied in float32', () => {
    const runtime = nodeRuntime(tf, { profile: 'bf16' })
    const weight = 1 + 2 ** -10
    for (const dtype of ['F16', 'F32', 'F64'] as const) {
      const matrix = runtime.matrix(encode(dtype, [1, 1], [weight]))
      const x = runtime.upload(Float32Array.of(1 + 2 ** -11), [1, 1])
      const y = runtime.times(x, matrix)
      expect(matrix.bytes).toBe(4)
      expect([...(runtime.download(y) as Float32Array)]).toEqual([Math.fround(weight * (1 + 2 ** -11))])
      for (const t of [x, matrix.tensor, y]) runtime.free(t)
    }
  })
})

describe('failures', () => {
  it('name op, shapes and remedy, and leave nothing', () => {
    const [a, b] = [r.upload(random(6), [2, 3]), r.upload(random(4), [4, 1])]
    expect(() => r.matMul(a, b)).toThrow(/^tfjs-node.*: MatMul on float \[2, 3\] and float \[4, 1\]: .*check that/s)
    expect(() => r.upload(random(6), [7])).toThrow(/^tfjs-node.*: a tensor \[7\] of 6 elements/)
    for (const x of [a, b]) r.free(x)
    expect(() => r.add(a, b)).toThrow(/AddV2.*no input was freed/s)
  })

  it('out of memory says what to do', () => {
    const n = 2 ** 23
    const [a, b] = [r.upload(new Float32Array(n), [n, 1]), r.upload(new Float32Array(n), [1, n])]
    expect(() => r.add(a, b)).toThrow(/AddV2 on float \[8388608, 1\] and .*: out of memory: .*shorter context/s)
    for (const x of [a, b]) r.free(x)
  })

  it.each(Object.entries(runtimes))('times with what does not fit, %s', (_, [runtime]) => {
    const matrix = runtime.matrix(encode('F8_E4M3', [700, 6001], random(700 * 6001)))
    const x = runtime.upload(random(6), [2, 3])
    expect(() => runtime.times(x, matrix)).toThrow(/MatMul on float \[2, 3\]/)
    for (const t of [x, matrix.tensor]) runtime.free(t)
  })

  it('codes, options and modules that are none', () => {
    expect(() => r.matrix(tensor('I8', [1, 1], Int8Array.of(1)))).toThrow(UnsupportedError)
    expect(() => nodeRuntime(tf, { memory: -1 })).toThrow(InputError)
    expect(() => nodeRuntime(tf, { profile: 'f16' as never })).toThrow(/profile: expected f32 or bf16, found "f16"/)
    expect(() => nodeRuntime({ backend: () => ({}) })).toThrow(/native binding/)
  })
})

it('runtimes on one binding do not see the constants of each other', () => {
  const other: Runtime<NodeTensor> = nodeRuntime(tf)
  const x = other.upload(random(77), [7, 11])
  other.free(other.reshape(x, [11, 7]))
  other.free(x)
})
