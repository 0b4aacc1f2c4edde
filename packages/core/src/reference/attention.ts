import type { NodeOf } from '../graph.ts'
import type { AttentionResult, Breathe, Span } from '../op-table.ts'
import { encode } from '../dtype.ts'
import { dotRows, group } from './dots.ts'
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
  const first = window === null ? 0 : Math.max(0, i - window + 1)
  const pages = past.pages(first, i + 1)
  const scores = new Float64Array(pages.length * pageSize)
  const skipped = first % pageSize
  const weights = scores.subarray(skipped, skipped + i + 1 - first)
  for (let h = 0; h < heads; h++) {
    // [attention.1] H / G consecutive query heads share one key-value head.
    const offset = Math.floor(h / (heads / kvHeads)) * d
    pages.forEach(({ keys }, p) => score(query, h * d, d, keys, offset, scores, p * pageSize))
    softmax(weights, Math.sqrt(d))
    let seen = 0
    pages.forEach(({ values }, p) => {
      const from = p === 0 ? skipped : 0
      const count = Math.min(pageSize - from, weights.length - seen)
      mix(weights.subarray(seen, seen + count), values, from, offset, out.subarray(h * d, (h + 1) * d))
      seen += count
    })
    report(h, weights, first)
  }
}

/** q · k for every row of a page, of which some may not be seen: whole pages come in fours. */
function score(
  query: Float64Array,
  from: number,
  d: number,
  keys: Float64Array,
  offset: number,
  scores: Float64Array,
  at: number,
): void {
  const columns = keys.length / pageSize
  for (let row = 0; row < pageSize; row += group) {
    dotRows(query, from, keys, row * columns + offset, columns, d, scores, at + row)
  }
}

/** [attention.4] wⱼ = e^(sⱼ − max s) / Σ e^(s − max s) with s = scores / root, in place. */
function softmax(scores: Float64Array, root: number): void {
  let largest = -Infinity
  for (let j = 0; j < scores.length; j++) largest = Math.max(largest, (scores[j] /= root))
  let sum = 0
  for (let j = 0; j < scores.length; j++) sum += scores[j] = Math.exp(scores[j] - largest)
  for (let j = 0; j < scores.length; j++) scores[j] /= sum
}

/** [attention.4] out += Σⱼ wⱼ · vⱼ for the rows of a page from `first` on, in their order, four by four. out [d] */
function mix(w: Float64Array, values: Float64Array, first: number, offset: number, out: Float64Array): void {
  const columns = values.length / pageSize
  const fours = w.length - (w.length % 4)
  const at = first * columns + offset
  for (let j = 0; j < fours; j += 4) {
    const [a, b, c, d] = [at + j * columns, at + (j + 1) * columns, at + (j + 2) * columns, at + (j + 3) * columns]
    const [w0, w1, w2, w3] = [w[j], w[j + 1], w[j + 2], w[j + 3]]
    for (let i = 0; i < out.length; i++) {
      out[i] = out[i] + w0 * values[a + i] + w1 * values[b + i] + w2 * values[c + i] + w3 * values[d + i]
    }
  }
  for (let j = fours; j < w.length; j++) {
    for (let i = 0; i < out.length; i++) out[i] += w[j] * values[at + j * columns + i]
  }
}
