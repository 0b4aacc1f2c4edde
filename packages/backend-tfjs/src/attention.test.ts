import { decode, NodeCaches, type NodeOf } from '@tramontane/core'
import { beforeAll, expect, it } from 'vitest'
import { attention } from './attention.ts'
import { Chunks } from './chunked-cache.ts'
import type { TensorInfo } from './core-runtime.ts'
import { Kept } from './kept.ts'
import { realRuntimes } from './real-runtimes.fixture.ts'
import type { Runtime } from './runtime.ts'

let cpu: Runtime<TensorInfo>
beforeAll(async () => {
  cpu = (await realRuntimes()).cpu
})

const d = 2

/** Numbers in [−1, 1): those of each position and column are always the same. */
function numbers(positions: readonly number[], columns: number, seed: number): Float32Array {
  return Float32Array.from({ length: positions.length * columns }, (_, i) => {
    const at = positions[Math.floor(i / columns)] * columns + (i % columns)
    return ((Math.imul(at + 1, 2654435761 + 2 * seed) >>> 8) % 2001) / 1000 - 1
  })
}

/** Positions first … first + count − 1 of each sequence of a pass. */
type Pass = readonly { readonly first: number; readonly count: number }[]

const passes: Pass[] = [
  // More than one block of queries each, the second with a past.
  [
    { first: 0, count: 150 },
    { first: 0, count: 3 },
  ],
  [
    { first: 150, count: 1 },
    { first: 3, count: 297 },
  ],
  [{ first: 151, count: 260 }],
]

const runtimes = ['looped', 'batched'] as const
const shapes = [
  ['two queries to a key', 4, 2, null],
  ['as many keys as queries', 2, 2, null],
  ['one key', 3, 1, null],
  ['a window within a block', 4, 2, 7],
  ['a window over several blocks', 4, 2, 200],
] as const
const cases = runtimes.flatMap((lanes) => shapes.map((shape) => [lanes, ...shape] as const))

it.each(cases)('%s, %s: several blocks, in double precision', async (lanes, _, heads, kvHeads, window) => {
  const before = cpu.live()
  const runtime = { ...cpu, heads: lanes }
  const kept = new Kept(cpu)
  const node: NodeOf<'attention'> = {
    name: 'a',
    op: 'attention',
    query: 'q',
    key: 'k',
    value: 'v',
    heads,
    kvHeads,
    window,
  }
  const caches = [0, 1].map(() => NodeCaches.for([node], () => new Chunks(runtime)))
  for (const pass of passes) {
    const positions = pass.flatMap(({ first, count }) => Array.from({ length: count }, (_, t) => first + t))
    const upload = (columns: number, seed: number): TensorInfo =>
      cpu.upload(numbers(positions, columns, seed), [positions.length, columns])
    const inputs = { query: upload(heads * d, 1), key: upload(kvHeads * d, 2), value: upload(kvHeads * d, 3) }
    let to = 0
    const spans = pass.map(({ first, count }, i) => ({ cache: caches[i], start: first, from: to, to: (to += count) }))
    const { value, pattern } = await attention(runtime, kept, node, inputs, spans, true, () => undefined)
    const found = await cpu.download(value)
    for (const [i, { first, count }] of pass.entries()) {
      const expected = plain(node, first, count)
      expect(pattern![i].shape).toEqual([heads, count, first + count])
      expectNear(decode(pattern![i]), expected.pattern)
      expectNear(found.subarray(spans[i].from * heads * d, spans[i].to * heads * d), expected.value)
    }
    for (const x of [...Object.values(inputs), value]) cpu.free(x)
  }
  for (const cache of caches) cache.close()
  kept.dispose()
  expect(cpu.live()).toBe(before)
})

it('keys ahead of a block of queries are not multiplied', async () => {
  let terms = 0
  const counting = {
    ...cpu,
    matMul(a: TensorInfo, b: TensorInfo) {
      terms += a.shape[0] * a.shape[1] * b.shape[1]
      return cpu.matMul(a, b)
    },
  }
  const T = 1024
  const kept = new Kept(cpu)
  const node = {
    name: 'a',
    op: 'attention',
    query: 'q',
    key: 'k',
    value: 'v',
    heads: 1,
    kvHeads: 1,
    window: null,
  } as const
  const cache = NodeCaches.for([node], () => new Chunks<TensorInfo>(counting))
  const x = cpu.upload(new Float32Array(T * d), [T, d])
  const inputs = { query: x, key: x, value: x }
  const { value } = await attention(
    counting,
    kept,
    node,
    inputs,
    [{ cache, start: 0, from: 0, to: T }],
    false,
    () => undefined,
  )
  // Scores and their sums of values: all of them would be 2 T² d, those that count are half.
  expect(terms).toBeLessThan(0.6 * 2 * T * T * d)
  for (const t of [x, value]) cpu.free(t)
  cache.close()
  kept.dispose()
})

/** [attention] of queries at `first` and after, in double precision. */
function plain({ heads, kvHeads, window }: NodeOf<'attention'>, first: number, count: number) {
  const S = first + count
  const positions = Array.from({ length: S }, (_, i) => i)
  const query = numbers(positions, heads * d, 1)
  const [key, value] = [2, 3].map((seed) => numbers(positions, kvHeads * d, seed))
  const pattern = new Float64Array(heads * count * S)
  const out = new Float64Array(count * heads * d)
  for (let h = 0; h < heads; h++) {
    const g = Math.floor(h / (heads / kvHeads))
    for (let t = 0; t < count; t++) {
      const i = first + t
      const from = window === null ? 0 : Math.max(0, i - window + 1)
      const powers = positions.slice(from, i + 1).map((j) => {
        let score = 0
        for (let c = 0; c < d; c++) score += query[(i * heads + h) * d + c] * key[(j * kvHeads + g) * d + c]
        return Math.exp(score / Math.sqrt(d))
      })
      const total = powers.reduce((a, b) => a + b)
      for (const [n, power] of powers.entries()) {
        const j = from + n
        pattern[(h * count + t) * S + j] = power / total
        for (let c = 0; c < d; c++) out[(t * heads + h) * d + c] += (power / total) * value[(j * kvHeads + g) * d + c]
      }
    }
  }
  return { pattern, value: out }
}

/** Values of up to 1: 2⁻¹⁹ is 32 roundings of them, more than the error of a score, a softmax and a sum of its shares. */
function expectNear(found: ArrayLike<number>, expected: ArrayLike<number>): void {
  expect(found.length).toBe(expected.length)
  let worst = 0
  for (let i = 0; i < found.length; i++) worst = Math.max(worst, Math.abs(found[i] - expected[i]))
  expect(worst).toBeLessThan(2 ** -19)
}
