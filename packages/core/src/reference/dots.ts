/** Rows that a vector is multiplied with at once: independent sums hide the latency of an addition. */
export const group = 4

/**
 * out[r] = Σ_k x[from + k] · w[row + r · stride + k] for r = 0 … 3 and k = 0 … K − 1. Every sum is formed in the order of
 * k, so it is the same number whatever is computed beside it.
 */
export function dotRows(
  x: Float64Array,
  from: number,
  w: Float64Array,
  row: number,
  stride: number,
  K: number,
  out: Float64Array,
  at: number,
): void {
  const [row1, row2, row3] = [row + stride, row + 2 * stride, row + 3 * stride]
  let [a, b, c, d] = [0, 0, 0, 0]
  for (let k = 0; k < K; k++) {
    const v = x[from + k]
    a += v * w[row + k]
    b += v * w[row1 + k]
    c += v * w[row2 + k]
    d += v * w[row3 + k]
  }
  out[at] = a
  out[at + 1] = b
  out[at + 2] = c
  out[at + 3] = d
}

/** `dotRows` of two vectors at once, x[from …] and x[from + K …], with w's first four rows of K: eight sums → out. */
export function dotRowsTwice(x: Float64Array, from: number, w: Float64Array, K: number, out: Float64Array): void {
  let [a0, b0, c0, d0, a1, b1, c1, d1] = [0, 0, 0, 0, 0, 0, 0, 0]
  for (let k = 0; k < K; k++) {
    const v0 = x[from + k]
    const v1 = x[from + K + k]
    const a = w[k]
    const b = w[K + k]
    const c = w[2 * K + k]
    const d = w[3 * K + k]
    a0 += v0 * a
    b0 += v0 * b
    c0 += v0 * c
    d0 += v0 * d
    a1 += v1 * a
    b1 += v1 * b
    c1 += v1 * c
    d1 += v1 * d
  }
  out.set([a0, b0, c0, d0, a1, b1, c1, d1])
}
