import { decode, decodeInto } from '../dtype.ts'
import { blockSize } from '../graph.ts'
import type { Breathe } from '../op-table.ts'
import type { Tensor } from '../tensor.ts'
import { dotRows, dotRowsTwice, group } from './dots.ts'
import { matrix, type Matrix } from './matrix.ts'

/**
 * [linear.1] y[t, n] = Σ_k x[t, k] · w[n, k] + bias[n], summed in the order of k, with w = f32(code) · scale [fp8.2].
 * Rows of the weight are decoded on the fly and used for all T tokens; a token's sums do not depend on T.
 * x [T, K], weight [N, K], scale [1] | [N] | [⌈N/128⌉, ⌈K/128⌉], bias [N] → [T, N]
 */
export async function linear(
  x: Matrix,
  weight: Tensor,
  scale: Tensor | null,
  bias: Tensor | null,
  breathe: Breathe,
): Promise<Matrix> {
  const [N, K] = weight.shape
  const out = matrix(x.rows, N)
  const scales = scale && { shape: scale.shape, values: decode(scale) }
  const offsets = bias ? decode(bias) : new Float64Array(N)
  const decoded = new Float64Array(group * K)
  for (let n = 0; n < N; n += group) {
    const rows = Math.min(group, N - n)
    for (let r = 0; r < rows; r++) decodeRow(decoded, r * K, weight, scales, n + r)
    multiply(x, decoded, offsets, n, rows, out)
    const pause = breathe()
    if (pause) await pause
  }
  return out
}

interface Scales {
  readonly shape: readonly number[]
  readonly values: Float64Array
}

/** [fp8.2] One row of the weight, exactly: code · scale has at most 4 + 24 significant bits. → [K] of out, from `at` on */
function decodeRow(out: Float64Array, at: number, weight: Tensor, scales: Scales | null, n: number): void {
  const K = weight.shape[1]
  const byBlock = scales?.shape.length === 2
  const width = byBlock ? blockSize : K
  for (let k = 0; k < K; k += width) {
    const end = Math.min(k + width, K)
    decodeInto(out, weight, { from: n * K + k, to: n * K + end }, scaleAt(scales, n, k), at + k)
  }
}

function scaleAt(scales: Scales | null, n: number, k: number): number {
  if (scales === null) return 1
  const { shape, values } = scales
  if (shape.length === 1) return values[shape[0] === 1 ? 0 : n]
  return values[Math.floor(n / blockSize) * shape[1] + Math.floor(k / blockSize)]
}

/**
 * Columns n … n + rows − 1 of the result: every token against the decoded rows [group, K]. Tokens go in pairs, which
 * share what is read of the weight; the last of an odd number goes alone.
 */
function multiply(x: Matrix, w: Float64Array, bias: Float64Array, n: number, rows: number, out: Matrix): void {
  const K = x.columns
  const sums = new Float64Array(2 * group)
  for (let t = 0; t < x.rows; t += 2) {
    const tokens = Math.min(2, x.rows - t)
    if (tokens === 2) dotRowsTwice(x.data, t * K, w, K, sums)
    else dotRows(x.data, t * K, w, 0, K, K, sums, 0)
    for (let i = 0; i < tokens; i++) {
      for (let r = 0; r < rows; r++) out.data[(t + i) * out.columns + n + r] = sums[i * group + r] + bias[n + r]
    }
  }
}
