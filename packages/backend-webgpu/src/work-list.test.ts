import { expect, it } from 'vitest'
import { uniform } from './attention.fixture.ts'
import { partialBytes, WorkList, type AttentionShape, type PagedSpan } from './work-list.ts'

/** Spans of lengths of chance, with pages of which none has two positions. */
function spansOf(random: () => number): PagedSpan[] {
  const upTo = (most: number): number => Math.floor(((random() + 1) / 2) * most)
  const [longest, widest] = [[100, 700, 20000][upTo(3)], [1, 3, 200][upTo(3)]]
  let [row, page] = [0, 1]
  return Array.from({ length: 1 + upTo(6) }, () => {
    const [start, count] = [upTo(longest), 1 + upTo(widest)]
    const table = Uint32Array.from({ length: Math.ceil((start + count) / 64) }, () => page++)
    const from = row
    row += count
    return { table, start, from, to: row }
  })
}

/** The number of an item whose keys were not split. */
const none = 0xffffffff

/** As `expect`, which is slow. */
function check(holds: boolean): void {
  if (!holds) throw new Error('not so')
}

const shapes: readonly AttentionShape[] = [
  { heads: 9, kvHeads: 3, headSize: 64, window: null },
  { heads: 32, kvHeads: 8, headSize: 128, window: 4096 },
  { heads: 4, kvHeads: 4, headSize: 10, window: 3 },
  { heads: 8, kvHeads: 1, headSize: 256, window: 100 },
]

it.each(shapes)('every key that a row sees is in one item of it: %o', (shape) => {
  const random = uniform(1)
  const group = shape.heads / shape.kvHeads
  const list = new WorkList(shape)
  for (let round = 0; round < 60; round++) {
    const spans = spansOf(random)
    list.plan(spans)
    const { words, items, merges, tiling } = list
    /** By row: its ranges of keys, and its partial results. */
    const ranges = new Map<number, [number, number][]>()
    const results = new Map<number, number[]>()
    /** In its block. */
    const places = new Map<number, number>()
    for (let i = 0; i < items.count; i++) {
      const [first, count, shift, begin, end, table, result] = words.subarray(items.at + 8 * i)
      check(begin % 64 === 0)
      check(end > begin)
      check(count <= tiling.rows)
      for (let row = first; row < first + count; row++) {
        places.set(row, row - first)
        const token = Math.floor(row / group)
        const span = spans.find(({ from, to }) => from <= token && token < to)!
        const position = span.start + token - span.from
        check((shift + token) >>> 0 === position)
        for (let j = begin; j < end; j += 64) {
          check(words[(table + j / 64) >>> 0] === span.table[j / 64])
        }
        ranges.set(row, [...(ranges.get(row) ?? []), [begin, end]])
        if (result !== none) results.set(row, [...(results.get(row) ?? []), result])
        check(results.has(row) === (result !== none))
      }
      if (result !== none) {
        const bytes = 16 * (Math.ceil(shape.headSize / 4) + 1) * tiling.rows * shape.kvHeads * (result + 1)
        check(bytes <= partialBytes(shape))
      }
    }
    for (const { table, start, from, to } of spans) {
      for (let token = from; token < to; token++) {
        const position = start + token - from
        check(words[token] === 64 * table[Math.floor(position / 64)] + (position % 64))
        const earliest = shape.window === null ? 0 : Math.max(0, position - shape.window + 1)
        for (let row = token * group; row < (token + 1) * group; row++) {
          const mine = ranges.get(row)!
          // One range after the other, from the first key on, or from before it, to the row itself or beyond.
          check(mine[0][0] <= earliest)
          mine.slice(1).forEach(([begin], i) => check(begin === mine[i][1]))
          check(mine.at(-1)![1] > position)
          // What no row of the block sees is not read, but for the rest of a page.
          if (shape.window !== null) check(earliest - mine[0][0] < 64 + tiling.rows)
        }
      }
    }
    const merged = new Map<number, number[]>()
    for (let i = 0; i < merges.count; i++) {
      const [row, first, count, r] = words.subarray(merges.at + 4 * i)
      merged.set(
        row,
        Array.from({ length: count }, (_, k) => first + k),
      )
      check(r === places.get(row))
    }
    expect([...merged].sort(([a], [b]) => a - b)).toEqual([...results].sort(([a], [b]) => a - b))
  }
})

it('one token with a long past is split into about a thousand workgroups', () => {
  const list = new WorkList({ heads: 32, kvHeads: 8, headSize: 128, window: null })
  const counts = [100, 1000, 32767].map((start) => {
    list.plan([{ table: new Uint32Array(512), start, from: 0, to: 1 }])
    return list.items.count * 8
  })
  expect(counts).toEqual([8, 64, 1024])
})
