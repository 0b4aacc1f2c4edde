import { encode, type AttentionResult, type Breathe, type NodeOf, type Span, type Tensor } from '@tramontane/core'
import { tidy } from './arena.ts'
import type { Chunk, ChunkedCache, Chunks } from './chunked-cache.ts'
import { join, keyLanes, queryLanes, valueLanes } from './heads.ts'
import type { Runtime } from './runtime.ts'

interface Inputs<T> {
  readonly query: T
  readonly key: T
  readonly value: T
}

/** Scores of one lane that are held at once, about: longer prompts go in blocks of queries. */
const mostScores = 2 ** 20

/**
 * [attention] Remembers the keys and values of each span, then lets every query see its own past.
 * query [T, H·d], key and value [T, G·d] → [T, H·d]; pattern [H, T, S] per span.
 */
export async function attention<T>(
  r: Runtime<T>,
  node: NodeOf<'attention'>,
  { query, key, value }: Inputs<T>,
  spans: readonly Span<ChunkedCache<T>>[],
  wantPattern: boolean,
  breathe: Breathe,
): Promise<AttentionResult<T>> {
  const parts: T[] = []
  const patterns: Tensor[] = []
  try {
    for (const { cache, start, from, to } of spans) {
      const past = cache.of(node.name)
      remember(r, node, past, rowsOf(r, key, from, to), rowsOf(r, value, from, to), start)
      const pattern = wantPattern ? emptyPattern(node, to - from, start + to - from) : null
      const block = Math.max(1, Math.floor(mostScores / ((node.heads / node.kvHeads) * (start + to - from))))
      for (let t = from; t < to; t += block) {
        const end = Math.min(t + block, to)
        const queries = { rows: rowsOf(r, query, t, end), first: start + t - from, count: end - t }
        parts.push(await attend(r, node, queries, past, pattern && { ...pattern, at: t - from }))
        const pause = breathe()
        if (pause) await pause
      }
      if (pattern) patterns.push(encode('F64', [node.heads, pattern.T, pattern.S], pattern.data))
    }
    const whole = parts.length === 1 ? r.reshape(parts[0], r.shape(parts[0])) : r.concat(parts, 0)
    return wantPattern ? { value: whole, pattern: patterns } : { value: whole }
  } finally {
    for (const part of parts) r.free(part)
  }
}

function rowsOf<T>(r: Runtime<T>, x: T, from: number, to: number): T {
  return r.slice(x, [from, 0], [to - from, r.shape(x)[1]])
}

/** Takes over `key` and `value`, rows of one span. */
function remember<T>(
  r: Runtime<T>,
  { kvHeads }: NodeOf<'attention'>,
  past: Chunks<T>,
  key: T,
  value: T,
  from: number,
): void {
  tidy(r, (own) => {
    const length = r.shape(own(key))[0]
    own(value)
    const keys = keyLanes(r, key, kvHeads)
    const values = valueLanes(r, value, kvHeads)
    past.append({ from, length, keys, values })
  })
}

/** Queries at positions first … first + count − 1: rows [count, H·d]. */
interface Queries<T> {
  readonly rows: T
  readonly first: number
  readonly count: number
}

interface Pattern {
  readonly T: number
  readonly S: number
  readonly data: Float64Array
}

function emptyPattern({ heads }: NodeOf<'attention'>, T: number, S: number): Pattern {
  return { T, S, data: new Float64Array(heads * T * S) }
}

/** Takes over the queries' rows. → [count, H·d] */
async function attend<T>(
  r: Runtime<T>,
  node: NodeOf<'attention'>,
  { rows, first, count }: Queries<T>,
  past: Chunks<T>,
  pattern: (Pattern & { readonly at: number }) | null,
): Promise<T> {
  const { heads, kvHeads, window } = node
  const chunks = past.within(window === null ? 0 : Math.max(0, first - window + 1), first + count)
  const group = heads / kvHeads
  const lanes: T[] = []
  const probabilities: T[] = []
  try {
    tidy(r, (own) => {
      const d = r.shape(own(rows))[1] / heads
      const scaled = own(r.mul(rows, own(r.upload(Float32Array.of(1 / Math.sqrt(d)), [1]))))
      const mask = maskOf(chunks, first, count, group, window)
      const hidden = mask && own(r.upload(mask, [count * group, mask.length / (count * group)]))
      for (const [lane, queries] of queryLanes(r, scaled, heads, kvHeads).entries()) {
        const p = softmax(r, own(queries), chunks, lane, hidden)
        probabilities.push(p)
        lanes.push(mix(r, p, chunks, lane))
      }
    })
    if (pattern) for (const [lane, p] of probabilities.entries()) record(await r.download(p), lane)
    return join(r, lanes, count, heads, kvHeads)
  } finally {
    for (const x of [...lanes, ...probabilities]) r.free(x)
  }

  /** Probabilities [lanes of heads, count, group, keys of the chunks] → rows of [H, T, S] */
  function record(found: Float32Array, lane: number): void {
    const { T, S, data, at } = pattern!
    const keys = chunks.reduce((sum, { length }) => sum + length, 0)
    const from = chunks[0].from
    const seen = Math.min(keys, S - from)
    for (let row = 0; row < found.length / keys; row++) {
      const kvHead = lane + Math.floor(row / (count * group))
      const t = Math.floor((row % (count * group)) / group)
      const h = kvHead * group + (row % group)
      data.set(found.subarray(row * keys, row * keys + seen), (h * T + at + t) * S + from)
    }
  }
}

/** [attention.4] queries [rows, d] against the keys of all chunks → [rows, keys] */
function softmax<T>(r: Runtime<T>, queries: T, chunks: readonly Chunk<T>[], lane: number, hidden: T | null): T {
  return tidy(r, (own) => {
    const parts = chunks.map(({ keys }) => own(r.matMul(queries, keys[lane])))
    const scores = parts.length === 1 ? parts[0] : own(r.concat(parts, r.shape(parts[0]).length - 1))
    return r.softmax(hidden === null ? scores : own(r.add(scores, hidden)))
  })
}

/** probabilities [rows, keys] of the values of all chunks → [rows, d] */
function mix<T>(r: Runtime<T>, probabilities: T, chunks: readonly Chunk<T>[], lane: number): T {
  if (chunks.length === 1) return r.matMul(probabilities, chunks[0].values[lane])
  const shape = r.shape(probabilities)
  const before = shape.slice(0, -1)
  return tidy(r, (own) => {
    let [sum, at]: [T | null, number] = [null, 0]
    for (const { length, values } of chunks) {
      const some = own(r.slice(probabilities, [...before.map(() => 0), at], [...before, length]))
      const part = r.matMul(some, values[lane])
      sum = sum === null ? part : r.add(own(sum), own(part))
      at += length
    }
    return sum!
  })
}

/** Added to a score, makes its probability exactly 0; no infinity, which would turn a row of nothing else into NaN. */
const hiding = -1e30

/** [attention.3] What is added to the scores [count · group, keys of the chunks]; null where every query sees every key. */
function maskOf<T>(
  chunks: readonly Chunk<T>[],
  first: number,
  count: number,
  group: number,
  window: number | null,
): Float32Array | null {
  const from = chunks[0].from
  const last = chunks.at(-1)!
  const keys = last.from + last.length - from
  const farthest = first + count - 1 - (window ?? Infinity)
  if (last.from + last.length <= first + 1 && farthest < from) return null
  const mask = new Float32Array(count * group * keys)
  for (let t = 0; t < count; t++) {
    const i = first + t
    const begin = Math.max(0, i - (window ?? Infinity) + 1 - from)
    for (let row = t * group; row < (t + 1) * group; row++) {
      mask.fill(hiding, row * keys, row * keys + Math.min(begin, keys))
      mask.fill(hiding, row * keys + Math.max(0, i + 1 - from), (row + 1) * keys)
    }
  }
  return mask
}
