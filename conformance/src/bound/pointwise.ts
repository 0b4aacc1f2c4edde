import { angles } from '@tramontane/core'
import type { Matrix } from './matrix.ts'
import { growth, type Precision } from './precision.ts'
import type { Expected } from './verdict.ts'

/** Fills a value element by element: `at(i)` gives what it should be and its bound. */
function each({ rows, columns }: Matrix, at: (i: number) => readonly [value: number, bound: number]): Expected {
  const values = new Float64Array(rows * columns)
  const bounds = new Float64Array(rows * columns)
  for (let i = 0; i < values.length; i++) [values[i], bounds[i]] = at(i)
  return { shape: [rows, columns], values, bounds }
}

/** [gather.1] Nothing is computed: only what the format cannot hold may differ. */
export function gather(picked: Matrix, rounded: boolean, p: Precision): Expected {
  return each(picked, (i) => {
    const y = picked.data[i]
    const subnormal = Math.abs(y) < p.smallest ? p.underflow : 0
    return [y, (rounded ? p.unit * Math.abs(y) : 0) + subnormal]
  })
}

/** [add.1] One rounding. [T, C] each → [T, C] */
export function add(a: Matrix, b: Matrix, p: Precision): Expected {
  return each(a, (i) => {
    const y = a.data[i] + b.data[i]
    return [y, p.unit * Math.abs(y) + 3 * p.underflow]
  })
}

/** [mul.1] One rounding. [T, C] each → [T, C] */
export function mul(a: Matrix, b: Matrix, p: Precision): Expected {
  return each(a, (i) => {
    const y = a.data[i] * b.data[i]
    return [y, p.unit * Math.abs(y) + p.underflow * (1 + Math.abs(a.data[i]) + Math.abs(b.data[i]))]
  })
}

/** [silu.1] e^(−x) counts by its share of 1 + e^(−x); then a sum, a quotient and a product. [T, C] → [T, C] */
export function silu(x: Matrix, p: Precision): Expected {
  return each(x, (i) => {
    const v = x.data[i]
    const size = Math.abs(v)
    const y = v / (1 + Math.exp(-v))
    const share = 1 / (1 + Math.exp(v))
    const relative = share * (p.exp.constant + p.exp.perUnit * size) + p.divide + 2 * p.unit
    return [y, Math.abs(y) * relative + p.smallest * size + 2 * p.underflow]
  })
}

/**
 * [rmsNorm.1] The sum of squares has one sign, so its error is relative; the root halves it; then two products.
 * x [T, D], weight [D] → [T, D]
 */
export function rmsNorm(x: Matrix, weight: Float64Array, epsilon: number, p: Precision): Expected {
  const D = x.columns
  const scales = Array.from({ length: x.rows }, (_, t) => {
    const squares = x.data.subarray(t * D, (t + 1) * D).reduce((sum, v) => sum + v * v, 0)
    const mean = squares / D + epsilon
    const ofMean = growth(p.unit, D) + p.divide + p.unit + (2 * p.underflow) / mean
    return { factor: 1 / Math.sqrt(mean), relative: ofMean / 2 + p.inverseSqrt + 3 * p.unit }
  })
  return each(x, (i) => {
    const { factor, relative } = scales[Math.floor(i / D)]
    const w = weight[i % D]
    const y = x.data[i] * factor * w
    return [y, Math.abs(y) * relative + p.underflow * (1 + Math.abs(w) * (1 + factor))]
  })
}

/**
 * [rope.1] Sine and cosine come in double precision and are rounded once; two products, one sum. Rows stand at
 * positions 0 … T − 1. x [T, heads · d] → the same
 */
export function rope(x: Matrix, heads: number, frequencies: readonly number[], p: Precision): Expected {
  const { cos, sin } = angles(
    Int32Array.from({ length: x.rows }, (_, t) => t),
    frequencies,
  )
  const half = x.columns / heads / 2
  return each(x, (i) => {
    const [t, c] = [Math.floor(i / x.columns), i % (2 * half)]
    const angle = t * half + (c % half)
    const partner = c < half ? i + half : i - half
    const straight = x.data[i] * cos[angle]
    const crossed = (c < half ? -1 : 1) * x.data[partner] * sin[angle]
    const y = straight + crossed
    const terms = Math.abs(straight) + Math.abs(crossed)
    const floor = p.underflow * (5 + Math.abs(x.data[i]) + Math.abs(x.data[partner]))
    return [y, growth(p.unit, 3) * terms + floor]
  })
}
