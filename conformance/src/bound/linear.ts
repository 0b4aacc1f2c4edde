import { blockSize, decode, decodeInto, type Tensor } from '@tramontane/core'
import type { Matrix } from './matrix.ts'
import { ceiling, growth, scatter, type Precision } from './precision.ts'
import type { Expected } from './verdict.ts'

export interface LinearWeights {
  readonly weight: Tensor
  readonly scale: Tensor | null
  readonly bias: Tensor | null
}

/** Roundings of a term beside the K of its sum: weight and scale into the format, their product, the bias. */
const extra = 4

/**
 * [linear.1] with the condition of every sum: s₁ = Σ|x·w| + |bias| and s₂ = √Σ(x·w)².
 * x [T, K], weight [N, K], scale [1] | [N] | [⌈N/128⌉, ⌈K/128⌉], bias [N] → [T, N]
 */
export function linear(x: Matrix, { weight, scale, bias }: LinearWeights, p: Precision): Expected {
  const [N, K] = weight.shape
  const values = new Float64Array(x.rows * N)
  const bounds = new Float64Array(x.rows * N)
  const row = new Float64Array(K)
  const scales = scale && { shape: scale.shape, values: decode(scale) }
  const offsets = bias ? decode(bias) : new Float64Array(N)
  const rounded = p.operand === null ? 0 : p.operand.exact.includes(weight.dtype) ? 1 : 2
  // A scale per block makes a product of each block.
  const width = scale?.shape.length === 2 ? blockSize : K
  for (let n = 0; n < N; n++) {
    weightRow(row, weight, scales, n)
    const weightSum = row.reduce((sum, w) => sum + Math.abs(w), 0)
    for (let t = 0; t < x.rows; t++) {
      let [y, s1, squares, inputSum, products] = [0, 0, 0, 0, 0]
      for (let from = 0; from < K; from += width) {
        let product = 0
        for (let k = from; k < Math.min(from + width, K); k++) {
          const term = x.data[t * K + k] * row[k]
          product += term
          s1 += Math.abs(term)
          squares += term * term
          inputSum += Math.abs(x.data[t * K + k])
        }
        y += product
        products += Math.abs(product)
      }
      y += offsets[n]
      values[t * N + n] = y
      const floor = p.underflow * (2 * (K + extra) + weightSum + inputSum)
      const condition = { s1, s2: Math.sqrt(squares), bias: Math.abs(offsets[n]) }
      const sum = sumBound(condition, K, rounded, p)
      bounds[t * N + n] = (1 + p.product) * sum + p.product * products + p.unit * Math.abs(y) + floor
    }
  }
  return { shape: [x.rows, N], values, bounds }
}

interface Condition {
  readonly s1: number
  readonly s2: number
  readonly bias: number
}

/** λ(√(operands · uᵢₙ² / 3) · s₂ + u√K · s₁), and never above what the worst of all roundings could do. */
function sumBound({ s1, s2, bias }: Condition, K: number, operands: number, p: Precision): number {
  const unit = p.operand?.unit ?? 0
  const sums = s1 + bias
  const likely = scatter(unit, operands) * s2 + growth(p.unit, K + extra) * sums
  const worst = ((1 + unit) ** operands - 1) * s1 + ceiling(p.unit, K + extra) * sums * (1 + unit) ** operands
  return Math.min(likely, worst)
}

/** [fp8.2], [fp8.3] Row n of the weight, scaled. → [K] */
function weightRow(
  row: Float64Array,
  weight: Tensor,
  scales: { readonly shape: readonly number[]; readonly values: Float64Array } | null,
  n: number,
): void {
  const K = row.length
  decodeInto(row, weight, { from: n * K, to: (n + 1) * K })
  if (scales === null) return
  const { shape, values } = scales
  for (let k = 0; k < K; k++) {
    if (shape.length === 2) row[k] *= values[Math.floor(n / blockSize) * shape[1] + Math.floor(k / blockSize)]
    else row[k] *= values[shape[0] === 1 ? 0 : n]
  }
}
