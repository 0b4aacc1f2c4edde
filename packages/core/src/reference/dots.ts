// The inner loops of the reference. Plain statements throughout: an array taken apart in them would be allocated each time.

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
  const row1 = row + stride
  const row2 = row1 + stride
  const row3 = row2 + stride
  let a = 0
  let b = 0
  let c = 0
  let d = 0
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
  let a0 = 0
  let b0 = 0
  let c0 = 0
  let d0 = 0
  let a1 = 0
  let b1 = 0
  let c1 = 0
  let d1 = 0
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
  out[0] = a0
  out[1] = b0
  out[2] = c0
  out[3] = d0
  out[4] = a1
  out[5] = b1
  out[6] = c1
  out[7] = d1
}

/**
 * out[to + k] += Σ_r w[from + r] · m[row + r · stride + k] for r = 0 … rows − 1 and k = 0 … K − 1, in the order of r; four
 * rows at a time, and those that are left one by one.
 */
export function addRows(
  out: Float64Array,
  to: number,
  w: Float64Array,
  from: number,
  m: Float64Array,
  row: number,
  stride: number,
  rows: number,
  K: number,
): void {
  const grouped = rows - (rows % group)
  for (let r = 0; r < grouped; r += group) {
    const w0 = w[from + r]
    const w1 = w[from + r + 1]
    const w2 = w[from + r + 2]
    const w3 = w[from + r + 3]
    const row0 = row + r * stride
    const row1 = row0 + stride
    const row2 = row1 + stride
    const row3 = row2 + stride
    for (let k = 0; k < K; k++) {
      out[to + k] = out[to + k] + w0 * m[row0 + k] + w1 * m[row1 + k] + w2 * m[row2 + k] + w3 * m[row3 + k]
    }
  }
  for (let r = grouped; r < rows; r++) {
    for (let k = 0; k < K; k++) out[to + k] += w[from + r] * m[row + r * stride + k]
  }
}
