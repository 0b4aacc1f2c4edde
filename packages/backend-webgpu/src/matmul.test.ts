import { beforeAll, expect, it } from 'vitest'
import { Kernels } from './kernel.fixture.ts'
import { matmul, tileFor, type Scales, type Segment, type Tile } from './matmul.ts'
import { codeTypes, formatOf, numbers, randomCodes, randomRows, type CodeType } from './products.fixture.ts'

let kernels: Kernels
beforeAll(async () => void (kernels = await Kernels.open()))

interface Case {
  readonly T: number
  readonly N: number
  readonly K: number
  readonly dtype?: CodeType
  readonly scales?: 'none' | 'rows' | 'blocks'
  readonly bias?: boolean
  readonly residual?: boolean
  readonly tile?: Tile
  readonly segments?: readonly Segment[]
  /** Rows of codes in bindings of their own. */
  readonly split?: number
}

/** The largest error, as a part of what float32 allows. */
async function errorOf(given: Case): Promise<number> {
  const { T, N, K, dtype = 'F8_E4M3', scales = 'none', bias = false, residual = false, segments = [] } = given
  const next = numbers(T + 3 * N + 7 * K)
  const codes = randomCodes(dtype, N, K, next)
  const x = randomRows(T, K, next)
  const y = randomRows(T, N, next)
  const across = Math.ceil(K / 128)
  const ends = [...segments.slice(1).map(({ row }) => row), N]
  const blockRows = (segments[segments.length - 1]?.block ?? 0) + Math.ceil(N / 128)
  const count = scales === 'rows' ? N : scales === 'blocks' ? blockRows * across : 0
  // Three numbers that are no scale and no bias, before them and between.
  const vectors = Float32Array.from({ length: 6 + count + N }, () => next() + 1.5)
  const [scalesAt, biasAt] = [3, 6 + count]
  const scaleOf = (n: number, k: number): number => {
    if (scales === 'none') return 1
    if (scales === 'rows') return vectors[scalesAt + n]
    const { row, block } = segments[ends.findIndex((end) => n < end)] ?? { row: 0, block: 0 }
    return vectors[scalesAt + (block + Math.floor((n - row) / 128)) * across + Math.floor(k / 128)]
  }
  const tile = given.tile ?? tileFor(T)
  const constants = { format: formatOf(dtype), tile }
  const scale: Scales | undefined =
    scales === 'none' ? undefined : { of: scales, at: scalesAt, ...(scales === 'blocks' && { segments }) }
  let found = y.data
  const step = given.split ?? N
  for (let first = 0; first < N; first += step) {
    const rows = Math.min(step, N - first)
    const shape = { T, K, N: rows, first, rowVecs: codes.rowVecs, xStride: x.stride, yStride: y.stride }
    const parts = { ...(scale && { scales: scale }), ...(bias && { biasAt }), residual }
    const { params, grid } = matmul({ ...shape, ...parts }, tile)
    const bytes = codes.bytes.subarray(first * codes.rowVecs * 16, (first + rows) * codes.rowVecs * 16)
    const data = [x.data, bytes, vectors, found]
    found = (await kernels.run({ kernel: 'matmul', constants }, data, params, grid))[3]
  }
  let worst = 0
  for (let t = 0; t < T; t++) {
    for (let n = 0; n < y.stride; n++) {
      const at = t * y.stride + n
      let [sum, size] = [0, 0]
      for (let k = 0; n < N && k < K; k++) {
        const term = x.data[t * x.stride + k] * codes.values[n * K + k] * scaleOf(n, k)
        sum += term
        size += Math.abs(term)
      }
      for (const term of n < N ? [bias ? vectors[biasAt + n] : 0, residual ? y.data[at] : 0] : []) {
        sum += term
        size += Math.abs(term)
      }
      // A rounding of each sum, and one each for the scale, the bias and what was there.
      const bound = (K + 3) * 2 ** -24 * size
      const error = Math.abs(found[at] - sum)
      // Not a number, and what should be zero, are as wrong as can be.
      worst = Math.max(worst, error === 0 ? 0 : error <= bound ? error / bound : Infinity)
    }
  }
  return worst
}

const every = codeTypes.flatMap((dtype) => (['none', 'rows', 'blocks'] as const).map((scales) => ({ dtype, scales })))

it.each(every)('$dtype with scales of $scales, bias and residual', async ({ dtype, scales }) => {
  const shape = { T: 9, N: 150, K: 300, dtype, scales }
  for (const bias of [false, true]) {
    for (const residual of [false, true]) {
      expect(await errorOf({ ...shape, bias, residual }), `bias ${bias}, residual ${residual}`).toBeLessThanOrEqual(1)
    }
  }
})

const sizes = [
  [1, 1, 1],
  [33, 5, 7],
  [64, 64, 16],
  [65, 66, 17],
  [70, 129, 33],
  [128, 64, 64],
  [131, 67, 140],
  [260, 3, 8],
]
it.each(sizes)('%d rows, %d columns, %d terms', async (T, N, K) => {
  for (const dtype of ['F8_E4M3', 'F16', 'F32'] as const) {
    for (const tile of [32, 64, 128] as const) {
      const given: Case = { T, N, K, dtype, tile, scales: 'blocks', bias: true, residual: true }
      expect(await errorOf(given), `${dtype}, tile ${tile}`).toBeLessThanOrEqual(1)
    }
  }
})

it('scales of blocks of several matrices below each other, none of whole blocks', async () => {
  const two = [
    { row: 0, block: 0 },
    { row: 140, block: 2 },
  ]
  expect(await errorOf({ T: 5, N: 290, K: 260, scales: 'blocks', segments: two })).toBeLessThanOrEqual(1)
  const three = [...two, { row: 150, block: 3 }]
  expect(await errorOf({ T: 5, N: 290, K: 260, scales: 'blocks', segments: three })).toBeLessThanOrEqual(1)
})

it('a weight in several bindings', async () => {
  for (const scales of ['rows', 'blocks'] as const) {
    const given: Case = { T: 66, N: 200, K: 40, scales, bias: true, residual: true, split: 77 }
    expect(await errorOf(given), scales).toBeLessThanOrEqual(1)
  }
})
