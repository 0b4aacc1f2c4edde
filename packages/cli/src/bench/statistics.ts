/** Where repeated measurements lie. */
export interface Spread {
  readonly median: number
  readonly min: number
  readonly max: number
  /** Median absolute deviation: half of the values lie within it of the median. */
  readonly mad: number
}

/** The middle value; of an even number, the mean of the middle two. Throws RangeError for none. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError('the median of no values')
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
}

/** Median, extremes and deviation. Throws RangeError for no values. */
export function spread(values: readonly number[]): Spread {
  const middle = median(values)
  return {
    median: middle,
    min: Math.min(...values),
    max: Math.max(...values),
    mad: median(values.map((value) => Math.abs(value - middle))),
  }
}
