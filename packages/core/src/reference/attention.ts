import type { NodeOf } from '../graph.ts'
import type { Span } from '../cache.ts'
import type { AttentionResult, Breathe } from '../op-table.ts'
import { encode } from '../dtype.ts'
import { addRows, dotRows, group } from './dots.ts'
import { matrix, type Matrix } from './matrix.ts'
import { pageSize, type KeyValues, type PagedCache } from './paged-cache.ts'

interface Inputs {
  readonly query: Matrix
  readonly key: Matrix
  readonly value: Matrix
}

/**
 * [attention] Remembers the keys and values of each span, then lets every query see its own past.
 * query [T, H·d], key and value [T, G·d] → [T, H·d]; pattern [H, T, S] per span.
 */
export async function attention(
  node: NodeOf<'attention'>,
  { query, key, value }: Inputs,
  spans: readonly Span<PagedCache>[],
  wantPattern: boolean,
  breathe: Breathe,
): Promise<AttentionResult<Matrix>> {
  const out = matrix(query.rows, query.columns)
  const patterns: Float64Array[] = []
  for (const { cache, start, from, to } of spans) {
    const past = cache.of(node.name)
    for (let t = from; t < to; t++) past.write(start + t - from, row(key, t), row(value, t))
    const T = to - from
    const S = start + T
    const pattern = wantPattern ? new Float64Array(node.heads * T * S) : null
    for (let t = from; t < to; t++) {
      attend(node, row(query, t), start + t - from, past, row(out, t), (h, weights, first) =>
        pattern?.set(weights, (h * T + t - from) * S + first),
      )
      const pause = breathe()
      if (pause) await pause
    }
    if (pattern) patterns.push(pattern)
  }
  if (!wantPattern) return { value: out }
  return {
    value: out,
    pattern: spans.map(({ start, from, to }, i) =>
      encode('F64', [node.heads, to - from, start + to - from], patterns[i]),
    ),
  }
}

function row({ data, columns }: Matrix, t: number): Float64Array {
  return data.subarray(t * columns, (t + 1) * columns)
}

/**
 * One query at position i against keys first … i. [attention.3]: query i sees key j when 0 ≤ i − j < window.
 * query [H·d] → out [H·d]
 */
function attend(
  { heads, kvHeads, window }: NodeOf<'attention'>,
  query: Float64Array,
  i: number,
  past: KeyValues,
  out: Float64Array,
  report: (head: number, weights: Float64Array, first: number) => void,
): void {
  const d = query.length / heads
  const columns = kvHeads * d
  const first = window === null ? 0 : Math.max(0, i - window + 1)
  const pages = past.pages(first, i + 1)
  // One for every row of the pages; the first and the last page may have rows that are not seen.
  const scores = new Float64Array(pages.length * pageSize)
  const seen = first % pageSize
  const end = seen + i + 1 - first
  const weights = scores.subarray(seen, end)
  for (let h = 0; h < heads; h++) {
    // [attention.1] H / G consecutive query heads share one key-value head.
    const offset = Math.floor(h / (heads / kvHeads)) * d
    for (let at = 0; at < scores.length; at += group) {
      const row = (at % pageSize) * columns + offset
      dotRows(query, h * d, pages[Math.floor(at / pageSize)].keys, row, columns, d, scores, at)
    }
    softmax(weights, Math.sqrt(d))
    for (let at = seen; at < end; at = pageEnd(at)) {
      const rows = Math.min(end, pageEnd(at)) - at
      const row = (at % pageSize) * columns + offset
      addRows(out, h * d, scores, at, pages[Math.floor(at / pageSize)].values, row, columns, rows, d)
    }
    report(h, weights, first)
  }
}

function pageEnd(row: number): number {
  return row - (row % pageSize) + pageSize
}

/** [attention.4] wⱼ = e^(sⱼ − max s) / Σ e^(s − max s) with s = scores / root, in place. */
function softmax(scores: Float64Array, root: number): void {
  let largest = -Infinity
  for (let j = 0; j < scores.length; j++) largest = Math.max(largest, (scores[j] /= root))
  let sum = 0
  for (let j = 0; j < scores.length; j++) sum += scores[j] = Math.exp(scores[j] - largest)
  for (let j = 0; j < scores.length; j++) scores[j] /= sum
}
