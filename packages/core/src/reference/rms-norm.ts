import { matrix, type Matrix } from './matrix.ts'

/** [rmsNorm.1] y = x / √(mean(x²) + ε) · weight, row by row, nothing rounded between. x [T, D], weight [D] → [T, D] */
export function rmsNorm(x: Matrix, weight: Float64Array, epsilon: number): Matrix {
  const D = x.columns
  const out = matrix(x.rows, D)
  for (let t = 0; t < x.rows; t++) {
    let squares = 0
    for (let d = 0; d < D; d++) squares += x.data[t * D + d] ** 2
    const rms = Math.sqrt(squares / D + epsilon)
    for (let d = 0; d < D; d++) out.data[t * D + d] = (x.data[t * D + d] / rms) * weight[d]
  }
  return out
}
