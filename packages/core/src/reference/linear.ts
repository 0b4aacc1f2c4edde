import { decode, decodeInto } from '../dtype.ts'
import { blockSize } from '../graph.ts'
import type { Breathe } from '../op-table.ts'
import type { Tensor } from '../tensor.ts'
import { matrix, type Matrix } from './matrix.ts'

/** Weight rows that are decoded together: four independent sums hide the latency of an addition. */
const group = 4

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
    for (let r = 0; r < rows; r++) decodeRow(decoded.subarray(r * K, (r + 1) * K), weight, scales, n + r)
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

/** [fp8.2] One row of the weight, exactly: code · scale has at most 4 + 24 significant bits. → [K] */
function decodeRow(row: Float64Array, weight: Tensor, scales: Scales | null, n: number): void {
  const K = row.length
  const byBlock = scales?.shape.length === 2
  const width = byBlock ? blockSize : K
  for (let k = 0; k < K; k += width) {
    const end = Math.min(k + width, K)
    decodeInto(row.subarray(k, end), weight, { from: n * K + k, to: n * K + end }, scaleAt(scales, n, k))
  }
}

function scaleAt(scales: Scales | null, n: number, k: number): number {
  if (scales === null) return 1
  const { shape, values } = scales
  if (shape.length === 1) return values[shape[0] === 1 ? 0 : n]
  return values[Math.floor(n / blockSize) * shape[1] + Math.floor(k / blockSize)]
}

/** Columns n … n + rows − 1 of the result: every token against the decoded rows [group, K]. */
function multiply(x: Matrix, w: Float64Array, bias: Float64Array, n: number, rows: number, out: Matrix): void {
  const K = x.columns
  const N = out.columns
  const sums = new Float64Array(group)
  for (let t = 0; t < x.rows; t++) {
    const xt = x.data.subarray(t * K, (t + 1) * K)
    let [a, b, c, d] = [0, 0, 0, 0]
    for (let k = 0; k < K; k++) {
      const v = xt[k]
      a += v * w[k]
      b += v * w[K + k]
      c += v * w[2 * K + k]
      d += v * w[3 * K + k]
    }
    sums[0] = a
    sums[1] = b
    sums[2] = c
    sums[3] = d
    for (let r = 0; r < rows; r++) out.data[t * N + n + r] = sums[r] + bias[n + r]
  }
}
