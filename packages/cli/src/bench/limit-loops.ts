/** Bytes of a line of every cache in use today. */
const line = 64

/** Chains that fill the registers: enough for the latency of a multiplication and an addition not to show. */
export const chains = 14

/**
 * Sums one double of every cache line, so that memory must bring every byte while the sum costs next to nothing.
 * `buffer` must have been written before: untouched pages are all the same page of zeros.
 */
export function touchLines(buffer: Float64Array): number {
  const step = line / Float64Array.BYTES_PER_ELEMENT
  let sum = 0
  for (let i = 0; i < buffer.length; i += step) sum += buffer[i]
  return sum
}

/** `rounds` steps of `chains` independent recurrences x ← x · m + b: two operations each. JavaScript fuses nothing. */
export function multiplyAdd(rounds: number, m: number, b: number): number {
  let [x0, x1, x2, x3, x4, x5, x6, x7, x8, x9, x10, x11, x12, x13] = Array.from({ length: chains }, (_, i) => i)
  for (let i = 0; i < rounds; i++) {
    x0 = x0 * m + b
    x1 = x1 * m + b
    x2 = x2 * m + b
    x3 = x3 * m + b
    x4 = x4 * m + b
    x5 = x5 * m + b
    x6 = x6 * m + b
    x7 = x7 * m + b
    x8 = x8 * m + b
    x9 = x9 * m + b
    x10 = x10 * m + b
    x11 = x11 * m + b
    x12 = x12 * m + b
    x13 = x13 * m + b
  }
  return x0 + x1 + x2 + x3 + x4 + x5 + x6 + x7 + x8 + x9 + x10 + x11 + x12 + x13
}
