import { blockSize, decode, type Graph, type Tensor } from '@tramontane/core'

/** Scales of an fp8 weight [N, K]. */
export interface Scales {
  readonly shape: readonly number[]
  readonly values: Float64Array
}

/**
 * The ops as short functions over rows, every operation rounded. All that a fault wants to change is a member of its own;
 * members call each other through the object, so that a change reaches all that use it.
 */
export interface Kernels {
  /** After every operation. */
  round(x: number): number
  /** The activations and the weights that a linear multiplies. */
  operand(x: number): number
  /** May overwrite its terms. */
  total(terms: Float64Array): number
  decodeWeight(weight: Tensor): Float64Array
  scaleAt(scales: Scales, n: number, k: number): number
  /** Σ x·w·scale of row n, operands as they are multiplied. x, w [K] */
  dot(x: Float64Array, w: Float64Array, scales: Scales | null, n: number): number
  /** [D], [D] → [D] */
  norm(x: Float64Array, weight: Float64Array, epsilon: number): Float64Array
  /** Indices of a pair of a head of width d. */
  pair(i: number, d: number): readonly [number, number]
  /** Angle of pair i of the token at row t, as an index into the tables [T, d / 2]. */
  angle(t: number, i: number, pairs: number): number
  /** The key-value head of a query head. */
  group(h: number, heads: number, kvHeads: number): number
  /** The first key that the query at i sees, and the first that it does not. */
  seen(i: number, window: number | null): readonly [number, number]
  score(query: Float64Array, key: Float64Array): number
  /** In place, over all keys from position 0 on, the first `hidden` of which are outside the window. */
  softmax(scores: Float64Array, hidden: number): void
  silu(x: number): number
  /** A key or value on its way into the cache. */
  remember(x: number): number
  /** Whether a key or value is written over what its position held before. */
  overwrites: boolean
  /** The rows of a fork, one by position. */
  forked(rows: Float64Array[]): Float64Array[]
  /** Rows that a gather from an earlier value takes. */
  picked(rows: Int32Array): Int32Array
  /** The graph as the backend understands it. */
  understood(graph: Graph): Graph
}

/** f(0) … f(n − 1). `TypedArray.map` takes several times as long, and this is most of the work. */
export function filled(n: number, f: (i: number) => number): Float64Array {
  const out = new Float64Array(n)
  for (let i = 0; i < n; i++) out[i] = f(i)
  return out
}

/** Sums one after the other. */
export function sequential(round: (x: number) => number): (terms: Float64Array) => number {
  return (terms) => {
    let sum = terms[0]
    for (let k = 1; k < terms.length; k++) sum = round(sum + terms[k])
    return sum
  }
}

/** Halves, quarters, … */
export function pairwise(round: (x: number) => number): (terms: Float64Array) => number {
  const total = (terms: Float64Array, from: number, to: number): number => {
    if (to - from === 1) return terms[from]
    const middle = (from + to) >> 1
    return round(total(terms, from, middle) + total(terms, middle, to))
  }
  return (terms) => total(terms, 0, terms.length)
}

/** 32 running sums side by side, in place, added up pairwise at the end. */
export function lanes(round: (x: number) => number): (terms: Float64Array) => number {
  const tree = pairwise(round)
  return (terms) => {
    const width = Math.min(32, terms.length)
    for (let from = width; from < terms.length; from += width) {
      const end = Math.min(from + width, terms.length)
      for (let k = from; k < end; k++) terms[k - from] = round(terms[k - from] + terms[k])
    }
    return tree(terms.subarray(0, width))
  }
}

/** A right backend in the given rounding. Members are called on the object, so that a spread copy works too. */
export function kernels(round: (x: number) => number, total: Kernels['total'], operand = round): Kernels {
  return {
    round,
    operand,
    total,
    decodeWeight: (weight) => decode(weight),
    scaleAt({ shape, values }, n, k) {
      if (shape.length === 1) return values[shape[0] === 1 ? 0 : n]
      return values[Math.floor(n / blockSize) * shape[1] + Math.floor(k / blockSize)]
    },
    dot(x, w, scales, n) {
      const { round } = this
      const terms = new Float64Array(x.length)
      for (let k = 0; k < terms.length; k++) {
        const product = round(x[k] * w[k])
        terms[k] = scales === null ? product : round(product * this.scaleAt(scales, n, k))
      }
      return this.total(terms)
    },
    norm(x, weight, epsilon) {
      const squares = this.total(filled(x.length, (c) => this.round(x[c] * x[c])))
      const mean = this.round(this.round(squares / x.length) + Math.fround(epsilon))
      const factor = this.round(1 / this.round(Math.sqrt(mean)))
      return filled(x.length, (c) => this.round(this.round(x[c] * factor) * weight[c]))
    },
    pair: (i, d) => [i, i + d / 2],
    angle: (t, i, pairs) => t * pairs + i,
    group: (h, heads, kvHeads) => Math.floor(h / (heads / kvHeads)),
    seen: (i, window) => [window === null ? 0 : Math.max(0, i - window + 1), i + 1],
    score(query, key) {
      const dot = this.total(filled(query.length, (c) => this.round(query[c] * key[c])))
      return this.round(dot * Math.fround(1 / Math.sqrt(query.length)))
    },
    softmax(scores, hidden) {
      scores.fill(0, 0, hidden)
      const visible = scores.subarray(hidden)
      const largest = visible.reduce((a, b) => Math.max(a, b))
      visible.forEach((s, j) => (visible[j] = this.round(Math.exp(this.round(s - largest)))))
      const sum = this.total(visible.slice())
      visible.forEach((e, j) => (visible[j] = this.round(e / sum)))
    },
    silu(x) {
      return this.round(x / this.round(1 + this.round(Math.exp(-x))))
    },
    remember: (x) => x,
    overwrites: true,
    forked: (rows) => rows.slice(),
    picked: (rows) => rows,
    understood: (graph) => graph,
  }
}
