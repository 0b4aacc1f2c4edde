import { beforeAll, expect, it } from 'vitest'
import { attended, half, shuffled, uniform } from './attention.fixture.ts'
import { Attend } from './attend.ts'
import { openDevice } from './device.ts'
import { elementVariants, PagedCache, Pages, pageSize, type Element } from './pages.ts'
import { groupsFor, Recorder, usageOf } from './recorder.ts'
import { useSoftwareAdapter } from './software.fixture.ts'
import { partialBytes } from './work-list.ts'

let device: GPUDevice
const recorders = new Map<Element, Recorder>()
beforeAll(async () => {
  useSoftwareAdapter()
  device = await openDevice()
  for (const element of ['F32', 'F16'] as const) {
    recorders.set(element, await Recorder.on(device, elementVariants[element]))
  }
})

interface Case {
  readonly heads: number
  readonly kvHeads: number
  readonly d: number
  readonly window?: number
  readonly element?: Element
  /** Tokens that each sequence has remembered, and those that it is fed. */
  readonly spans: readonly (readonly [past: number, fed: number])[]
  /** How far apart scores are, about. */
  readonly gain?: number
  /** Of a position. */
  readonly valueAt?: (position: number, c: number) => number
}

/** [rows, stride] with NaN behind each row, where nobody may read. */
function strided(rows: readonly number[][], stride: number): Float32Array {
  const all = new Float32Array(rows.length * stride).fill(NaN)
  rows.forEach((row, i) => all.set(row, i * stride))
  return all
}

async function attend({ heads, kvHeads, d, window, element = 'F32', spans, gain = 3, valueAt }: Case) {
  const recorder = recorders.get(element)!
  const pages = new Pages(recorder, new Map([['node', { kvHeads, headSize: d }]]), element)
  const held: GPUBuffer[] = []
  const make = (data: Float32Array | Uint32Array | number): GPUBuffer => {
    const size = typeof data === 'number' ? data : data.byteLength
    const buffer = device.createBuffer({ size: Math.max(4, size), usage: usageOf() })
    if (typeof data !== 'number') recorder.write(buffer, data)
    held.push(buffer)
    return buffer
  }
  const random = uniform(heads + d + spans.length)
  const given = element === 'F16' ? half : Math.fround
  const rows = (count: number, width: number, size: number): number[][] =>
    Array.from({ length: count }, () => Array.from({ length: width }, () => given(size * random())))

  // Pages in an order of chance.
  const needed = spans.reduce((sum, [past, fed]) => sum + Math.ceil((past + fed) / pageSize), 0)
  const taken: number[] = []
  for (let i = 0; i < needed; i++) taken.push(await pages.take())
  for (const i of shuffled(needed, random)) pages.release(taken[i])
  const { keys: store, values: other, constants } = pages.storeOf('node')
  // Another sequence has left nonsense behind; what fills quads up is always zero.
  if (d % 4 === 0) for (const buffer of [store, other]) recorder.write(buffer, new Uint8Array(buffer.size).fill(0xff))

  let row = 0
  const sequences = []
  for (const [past, fed] of spans) {
    const S = past + fed
    const cache = new PagedCache(pages)
    await cache.prepare(0, S)
    const [keys, values] = [rows(S, kvHeads * d, 1), rows(S, kvHeads * d, 1)]
    if (valueAt) values.forEach((value, j) => value.forEach((_, c) => (value[c] = valueAt(j, c % d))))
    const [key, value, table] = [strided(keys, kvHeads * d), strided(values, kvHeads * d), cache.table()].map(make)
    const { grid, across } = groupsFor(S * kvHeads * Math.ceil(d / 4))
    recorder.dispatch({
      kernel: 'append',
      constants,
      buffers: [store, other, key, value, table],
      params: [0, S, 0, across],
      grid,
    })
    if (window !== undefined) cache.keep(past - window + 1, S)
    sequences.push({ keys, values, span: { table: cache.table(), start: past, from: row, to: (row += fed) } })
  }
  const query = rows(row, heads * d, gain)
  const queryStride = 16 * Math.ceil((heads * d) / 16) + 16
  const outStride = queryStride + 16
  const shape = { heads, kvHeads, headSize: d, window: window ?? null }
  const out = make(4 * row * outStride)
  const op = new Attend(recorder, pages, shape, {
    query: make(strided(query, queryStride)),
    partial: make(partialBytes(shape)),
    out,
    queryStride,
    outStride,
  })
  await op.plan(sequences.map(({ span }) => span))
  op.run('node')
  const found = await recorder.read(out, out.size)
  const { dispatches } = op
  op.dispose()
  pages.dispose()
  for (const buffer of held) buffer.destroy()
  let worst = 0
  for (const { keys, values, span } of sequences) {
    for (let t = span.from; t < span.to; t++) {
      const position = span.start + t - span.from
      const first = window === undefined ? 0 : Math.max(0, position - window + 1)
      for (let h = 0; h < heads; h++) {
        const at = Math.floor(h / (heads / kvHeads)) * d
        const head = (all: readonly number[][]): number[][] =>
          all.slice(first, position + 1).map((x) => x.slice(at, at + d))
        const n = position + 1 - first
        // Positions are shared out to groups of invocations, of which at least 64 have the same quad; then groups and splits.
        const depth = n / Math.max(1, Math.floor(64 / Math.ceil(d / 4))) + 64
        const stretches = n / 64 + 2
        const row = query[t].slice(h * d, (h + 1) * d)
        const { value, bound } = attended(row, head(keys), head(values), depth, stretches)
        for (let c = 0; c < d; c++) {
          const error = Math.abs(found[t * outStride + h * d + c] - value[c])
          // Not `Math.max`: NaN is an error too.
          if (error !== 0 && !(error / bound[c] <= worst)) worst = error / bound[c]
        }
      }
    }
  }
  const behind = Array.from({ length: row }, (_, t) => found.subarray(t * outStride + heads * d, (t + 1) * outStride))
  expect(behind.every((numbers) => numbers.every((x) => x === 0))).toBe(true)
  return { worst, dispatches }
}

const ragged = [
  [0, 1],
  [70, 5],
  [0, 19],
  [200, 1],
  [63, 2],
] as const

const cases: readonly (readonly [name: string, Case])[] = [
  ['one token, thousands of keys', { heads: 9, kvHeads: 3, d: 64, spans: [[2999, 1]] }],
  ['one token, one key', { heads: 4, kvHeads: 1, d: 128, spans: [[0, 1]] }],
  [
    'eight sequences, a token each',
    { heads: 4, kvHeads: 1, d: 128, spans: Array.from({ length: 8 }, (_, i) => [97 * i, 1] as const) },
  ],
  ['a prompt', { heads: 3, kvHeads: 1, d: 64, spans: [[0, 130]] }],
  ['a chunk after thousands of keys', { heads: 3, kvHeads: 1, d: 64, spans: [[1500, 40]] }],
  ['ragged, three heads a KV head', { heads: 6, kvHeads: 2, d: 64, spans: ragged }],
  ['ragged, four heads a KV head', { heads: 8, kvHeads: 2, d: 128, spans: ragged }],
  ['ragged, one head a KV head, d = 10', { heads: 2, kvHeads: 2, d: 10, spans: ragged }],
  ['ragged, d = 36', { heads: 4, kvHeads: 2, d: 36, spans: ragged }],
  ['ragged, d = 256', { heads: 2, kvHeads: 1, d: 256, spans: ragged }],
  ['window, one token', { heads: 9, kvHeads: 3, d: 64, window: 300, spans: [[999, 1]] }],
  [
    'window of 1',
    {
      heads: 2,
      kvHeads: 1,
      d: 64,
      window: 1,
      spans: [
        [150, 1],
        [10, 20],
      ],
    },
  ],
  ['window, ragged', { heads: 6, kvHeads: 2, d: 64, window: 17, spans: ragged }],
  ['window, prompt', { heads: 4, kvHeads: 1, d: 10, window: 70, spans: [[30, 200]] }],
  ['window, wider than what is there', { heads: 4, kvHeads: 2, d: 64, window: 500, spans: ragged }],
  ['halves, one token', { heads: 4, kvHeads: 1, d: 128, element: 'F16', spans: [[700, 1]] }],
  ['halves, ragged', { heads: 6, kvHeads: 2, d: 64, element: 'F16', spans: ragged }],
  ['halves, d = 10', { heads: 2, kvHeads: 2, d: 10, element: 'F16', window: 20, spans: ragged }],
  [
    'scores far apart',
    {
      heads: 3,
      kvHeads: 1,
      d: 64,
      gain: 200,
      spans: [
        [900, 1],
        [20, 12],
      ],
    },
  ],
]

it.each(cases)('%s: within the roundings of float32', async (_, given) => {
  const { worst } = await attend(given)
  expect(worst).toBeLessThanOrEqual(1)
})

// All powers are 1: each key that is missing or counted twice shows, whatever the place where lists and pages end.
it.each([1, 2, 63, 64, 65, 127, 128, 129, 191, 192, 193, 255, 256, 257, 1300])(
  'each of %i keys counts once',
  async (S) => {
    const valueAt = (position: number, c: number): number => (position % 12 === c ? 1 : 0)
    const { worst, dispatches } = await attend({ heads: 3, kvHeads: 1, d: 12, gain: 0, spans: [[S - 1, 1]], valueAt })
    expect(worst).toBeLessThanOrEqual(1)
    expect(dispatches).toBe(S < 192 ? 1 : 2)
  },
)
