import type { Matrix } from './matrix.ts'

/** [silu.1] y = x · sigmoid(x) = x / (1 + e⁻ˣ) */
export function silu(x: Matrix): Matrix {
  return { ...x, data: x.data.map((v) => v / (1 + Math.exp(-v))) }
}

/** [mul.1] y = a · b */
export function mul(a: Matrix, b: Matrix): Matrix {
  return { ...a, data: a.data.map((v, i) => v * b.data[i]) }
}

/** [add.1] y = a + b */
export function add(a: Matrix, b: Matrix): Matrix {
  return { ...a, data: a.data.map((v, i) => v + b.data[i]) }
}
