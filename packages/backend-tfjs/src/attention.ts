import { encode, type AttentionResult, type Breathe, type NodeOf, type Span, type Tensor } from '@tramontane/core'
import { allOrNone, tidy } from './arena.ts'
import { cut, type Chunk, type ChunkedCache, type Chunks } from './chunked-cache.ts'
import { join, keyLanes, queryLanes, valueLanes } from './heads.ts'
import type { Kept } from './kept.ts'
import { maskOf } from './mask.ts'
import type { Runtime } from './runtime.ts'

interface Inputs<T> {
  readonly query: T
  readonly key: T
  readonly value: T
}

/** Rows of a pass that are one after the other in one sequence: positions first … first + count − 1. */
interface Rows {
  readonly from: number
  readonly count: number
  readonly first: number
}

/** Scores of one lane that are held at once, about. */
const mostScores = 2 ** 20
/** Queries at a time: keys of a prompt that come after them are not even multiplied. */
const mostQueries = 128

/**
 * [attention] Remembers the keys and values of each span, then lets every query see its own past.
 * query [T, H·d], key and value [T, G·d] → [T, H·d]; pattern [H, T, S] per span.
 */
export async function attention<T>(
  r: Runtime<T>,
  kept: Kept<T>,
  node: NodeOf<'attention'>,
  inputs: Inputs<T>,
  spans: readonly Span<ChunkedCache<T>>[],
  wantPattern: boolean,
  breathe: Breathe,
): Promise<AttentionResult<T>> {
  const parts: T[] = []
  const patterns: Tensor[] = []
  try {
    for (const { cache, start, from, to } of spans) {
      const past = cache.of(node.name)
      remember(r, node, inputs, { from, count: to - from, first: start }, past)
      const pattern = wantPattern ? emptyPattern(node, to - from, start + to - from) : null
      const fitting = Math.floor(mostScores / ((node.heads / node.kvHeads) * (start + to - from)))
      const block = Math.max(1, Math.min(mostQueries, fitting))
      for (let t = from; t < to; t += block) {
        const rows = { from: t, count: Math.min(block, to - t), first: start + t - from }
        parts.push(await attend(r, kept, node, inputs.query, rows, past, pattern && { ...pattern, at: t - from }))
        const pause = breathe()
        if (pause) await pause
      }
      if (pattern) patterns.push(encode('F64', [node.heads, pattern.T, pattern.S], pattern.data))
    }
    const whole = parts.length === 1 ? parts.pop()! : r.concat(parts, 0)
    return wantPattern ? { value: whole, pattern: patterns } : { value: whole }
  } finally {
    for (const part of parts) r.free(part)
  }
}

/** Those rows of x [T, columns]; x itself where they are all. */
function rowsOf<T>(r: Runtime<T>, own: (x: T) => T, x: T, { from, count }: Rows): T {
  const [T, columns] = r.shape(x)
  return count === T ? x : own(r.slice(x, [from, 0], [count, columns]))
}

function remember<T>(
  r: Runtime<T>,
  { kvHeads }: NodeOf<'attention'>,
  { key, value }: Inputs<T>,
  rows: Rows,
  past: Chunks<T>,
): void {
  const lanes = tidy(r, (own) =>
    allOrNone(r, (made) => ({
      keys: keyLanes(r, rowsOf(r, own, key, rows), kvHeads).map(made),
      values: valueLanes(r, rowsOf(r, own, value, rows), kvHeads).map(made),
    })),
  )
  past.append({ from: rows.first, length: rows.count, ...lanes })
}

interface Pattern {
  readonly T: number
  readonly S: number
  readonly data: Float64Array
}

function emptyPattern({ heads }: NodeOf<'attention'>, T: number, S: number): Pattern {
  return { T, S, data: new Float64Array(heads * T * S) }
}

/** → [count, H·d] */
async function attend<T>(
  r: Runtime<T>,
  kept: Kept<T>,
  { heads, kvHeads, window }: NodeOf<'attention'>,
  query: T,
  rows: Rows,
  past: Chunks<T>,
  pattern: (Pattern & { readonly at: number }) | null,
): Promise<T> {
  const { count, first } = rows
  const end = first + count
  const chunks = past.within(window === null ? 0 : Math.max(0, first - window + 1), end)
  const keys = end - chunks[0].from
  const group = heads / kvHeads
  const d = r.shape(query)[1] / heads
  const lanes: T[] = []
  const probabilities: T[] = []
  try {
    tidy(r, (own) => {
      const factor = kept.of(`1 / √${d}`, [1], () => Float32Array.of(1 / Math.sqrt(d)))
      const scaled = own(r.mul(rowsOf(r, own, query, rows), factor))
      const seen = chunks.map((chunk) => before(r, own, chunk, end))
      for (const [lane, queries] of queryLanes(r, scaled, heads, kvHeads).map(own).entries()) {
        const mask = (chunk: Chunk<T>): T | null => maskOf(kept, chunk, first, count, group, window)
        const p = softmax(r, queries, seen, lane, mask)
        probabilities.push(p)
        lanes.push(mix(r, p, seen, lane))
      }
    })
    if (pattern) for (const [lane, p] of probabilities.entries()) record(await r.download(p), lane)
    return join(r, lanes, count, heads, kvHeads)
  } finally {
    for (const x of [...lanes, ...probabilities]) r.free(x)
  }

  /** Probabilities [lanes of heads, count, group, keys] → rows of [H, T, S] */
  function record(found: Float32Array, lane: number): void {
    const { T, S, data, at } = pattern!
    for (let row = 0; row < found.length / keys; row++) {
      const kvHead = lane + Math.floor(row / (count * group))
      const t = Math.floor((row % (count * group)) / group)
      const h = kvHead * group + (row % group)
      data.set(found.subarray(row * keys, (row + 1) * keys), (h * T + at + t) * S + chunks[0].from)
    }
  }
}

/** The positions of a chunk before `end`; the chunk itself where they are all. */
function before<T>(r: Runtime<T>, own: (x: T) => T, chunk: Chunk<T>, end: number): Chunk<T> {
  const length = end - chunk.from
  if (length >= chunk.length) return chunk
  const { keys, values } = cut(r, chunk, length)
  return { from: chunk.from, length, keys: keys.map(own), values: values.map(own) }
}

/** [attention.4] queries [rows, d] against the keys of all chunks → [rows, keys] */
function softmax<T>(
  r: Runtime<T>,
  queries: T,
  chunks: readonly Chunk<T>[],
  lane: number,
  mask: (chunk: Chunk<T>) => T | null,
): T {
  return tidy(r, (own) => {
    const parts = chunks.map((chunk) => {
      const scores = own(r.matMul(queries, chunk.keys[lane]))
      const hidden = mask(chunk)
      return hidden === null ? scores : own(r.add(scores, hidden))
    })
    return r.softmax(parts.length === 1 ? parts[0] : own(r.concat(parts, r.shape(parts[0]).length - 1)))
  })
}

/** probabilities [rows, keys] of the values of all chunks → [rows, d] */
function mix<T>(r: Runtime<T>, probabilities: T, chunks: readonly Chunk<T>[], lane: number): T {
  if (chunks.length === 1) return r.matMul(probabilities, chunks[0].values[lane])
  const shape = r.shape(probabilities)
  const rows = shape.slice(0, -1)
  return tidy(r, (own) => {
    let [sum, at]: [T | null, number] = [null, 0]
    for (const { length, values } of chunks) {
      const some = own(r.slice(probabilities, [...rows.map(() => 0), at], [...rows, length]))
      const part = own(r.matMul(some, values[lane]))
      sum = sum === null ? part : own(r.add(sum, part))
      at += length
    }
    return sum!
  })
}
