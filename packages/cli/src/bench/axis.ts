/** A scale from 0 to a round number, drawn over so many pixels. */
export interface Axis {
  readonly ticks: readonly number[]
  /** Pixels from the start. */
  at(value: number): number
}

/** Steps of 1, 2 or 5 times a power of ten, at most six of them; the last tick is no less than `most`. */
export function axis(most: number, pixels: number): Axis {
  const top = most > 0 ? most : 1
  const power = 10 ** Math.floor(Math.log10(top / 6))
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => top / size <= 6)!
  const count = Math.ceil(top / step)
  // Multiplied, not added up, and rounded to what a double can show: no 0.30000000000000004.
  const ticks = Array.from({ length: count + 1 }, (_, i) => Number((i * step).toPrecision(12)))
  return { ticks, at: (value) => Number(((value / (count * step)) * pixels).toFixed(2)) }
}
