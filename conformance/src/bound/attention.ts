import type { NodeOf } from '@tramontane/core'
import type { Matrix } from './matrix.ts'
import { growth, type Precision } from './precision.ts'
import type { Expected } from './verdict.ts'

/** Of one query in one head: the keys it sees, its probabilities of them, and the relative errors before normalising. */
interface Attended {
  readonly first: number
  readonly weights: Float64Array
  readonly errors: Float64Array
}

/**
 * [attention] of a whole sequence, positions 0 … T − 1, with the error of scores, softmax and mixing carried along.
 * query [T, H·d], key and value [T, G·d] → [T, H·d] and the pattern [H, T, T], which is exactly 0 where a key is not seen.
 */
export function attention(
  node: NodeOf<'attention'>,
  query: Matrix,
  key: Matrix,
  value: Matrix,
  p: Precision,
): { mixed: Expected; pattern: Expected } {
  const [T, H, d] = [query.rows, node.heads, query.columns / node.heads]
  const mixed = empty([T, query.columns])
  const pattern = empty([H, T, T])
  for (let h = 0; h < H; h++) {
    const offset = Math.floor(h / (H / node.kvHeads)) * d
    for (let i = 0; i < T; i++) {
      const attended = attend(node.window, query, key, { h, i, d, offset }, p)
      mix(attended, value, offset, d, mixed, i * query.columns + h * d, p)
      probabilities(attended, pattern, (h * T + i) * T, p)
    }
  }
  return { mixed, pattern }
}

function empty(shape: readonly number[]): Expected {
  const size = shape.reduce((a, b) => a * b, 1)
  return { shape, values: new Float64Array(size), bounds: new Float64Array(size) }
}

/**
 * A score errs absolutely, by a share of Σ|q·k|; that and the error of e^x become a relative error of e^(s − max s). The
 * maximum itself may err: it is the same for all keys and cancels.
 */
function attend(
  window: number | null,
  query: Matrix,
  key: Matrix,
  { h, i, d, offset }: { h: number; i: number; d: number; offset: number },
  p: Precision,
): Attended {
  const first = window === null ? 0 : Math.max(0, i - window + 1)
  const scores = new Float64Array(i - first + 1)
  const errors = new Float64Array(scores.length)
  for (let j = first; j <= i; j++) {
    let [dot, sizes] = [0, 0]
    for (let c = 0; c < d; c++) {
      const term = query.data[i * query.columns + h * d + c] * key.data[j * key.columns + offset + c]
      dot += term
      sizes += Math.abs(term)
    }
    scores[j - first] = dot / Math.sqrt(d)
    // d products and sums; the factor 1/√d, its product and a change of base for e^x.
    errors[j - first] = ((growth(p.unit, d + 4) + p.divide) * sizes) / Math.sqrt(d) + 2 * d * p.underflow
  }
  const largest = scores.reduce((a, b) => Math.max(a, b))
  let sum = 0
  const weights = scores.map((s, j) => {
    const distance = largest - s
    errors[j] = Math.expm1(errors[j] + 2 * p.unit * distance) + p.exp.constant + p.exp.perUnit * distance
    const e = Math.exp(-distance)
    sum += e
    return e
  })
  return { first, weights: weights.map((e) => e / sum), errors }
}

/** w = e/Σe: its own error, the mean of all errors, the sum of one sign, the quotient. → row of the pattern */
function probabilities({ first, weights, errors }: Attended, out: Expected, at: number, p: Precision): void {
  const mean = weights.reduce((sum, w, j) => sum + w * errors[j], 0)
  const common = mean + growth(p.unit, weights.length) + p.divide + p.unit
  weights.forEach((w, j) => {
    out.values[at + first + j] = w
    out.bounds[at + first + j] = w * (errors[j] + common) + 2 * p.smallest
  })
}

/**
 * y = Σ w·v. To first order dy = Σ wⱼ εⱼ (vⱼ − y): what raises one probability lowers the others. The two sums add
 * their own roundings. → [d]
 */
function mix(
  { first, weights, errors }: Attended,
  value: Matrix,
  offset: number,
  d: number,
  out: Expected,
  at: number,
  p: Precision,
): void {
  const n = weights.length
  for (let c = 0; c < d; c++) {
    const v = (j: number): number => value.data[(first + j) * value.columns + offset + c]
    let [y, terms, sizes, shifts] = [0, 0, 0, 0]
    for (let j = 0; j < n; j++) {
      y += weights[j] * v(j)
      terms += weights[j] * Math.abs(v(j))
      sizes += Math.abs(v(j))
    }
    for (let j = 0; j < n; j++) shifts += weights[j] * errors[j] * Math.abs(v(j) - y)
    out.values[at + c] = y
    out.bounds[at + c] =
      shifts +
      growth(p.unit, n + 2) * terms +
      (growth(p.unit, n) + p.divide + p.unit) * Math.abs(y) +
      p.smallest * (n + sizes)
  }
}
