import type { Angles } from '../rope.ts'
import { matrix, type Matrix } from './matrix.ts'

/**
 * [rope.1] In every head, element i of the first half and element i of the second half rotate as a pair by the angle of
 * frequency i. x [T, heads · d], angles [T, d / 2] → [T, heads · d]
 */
export function rope(x: Matrix, heads: number, { cos, sin }: Angles): Matrix {
  const out = matrix(x.rows, x.columns)
  const half = x.columns / heads / 2
  for (let t = 0; t < x.rows; t++) {
    for (let h = 0; h < heads; h++) {
      for (let i = 0; i < half; i++) {
        const first = t * x.columns + h * 2 * half + i
        const second = first + half
        const [c, s] = [cos[t * half + i], sin[t * half + i]]
        out.data[first] = x.data[first] * c - x.data[second] * s
        out.data[second] = x.data[second] * c + x.data[first] * s
      }
    }
  }
  return out
}
