/** Numbers in [−1, 1), the same for the same seed. */
export function uniform(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let x = Math.imul(state ^ (state >>> 15), 1 | state)
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 31 - 1
  }
}

/** [length] in an order of chance. */
export function shuffled(length: number, random: () => number): number[] {
  const list = Array.from({ length }, (_, i) => i)
  for (let i = length - 1; i > 0; i--) {
    const j = Math.floor(((random() + 1) / 2) * (i + 1))
    ;[list[i], list[j]] = [list[j], list[i]]
  }
  return list
}

/** The float16 nearest to a number that is neither subnormal in it nor beyond it. */
export function half(x: number): number {
  const step = 2 ** (Math.floor(Math.log2(Math.abs(x))) - 10)
  return Math.abs(x) < 2 ** -14 ? 0 : Math.round(x / step) * step
}

const u = 2 ** -24

/**
 * One row of attention in double precision, over all keys given → [d], and how far a computation in float32 can be from it:
 * ⌈d / 4⌉ + 6 roundings of a score, whose terms are added in fours; eˣ within 3 + 2|x| units (WGSL), of the numerator and
 * of the sum; at most `depth` additions one after another, and 8 roundings each for `stretches` times that sums are scaled
 * to a new maximum.
 */
export function attended(
  query: readonly number[],
  keys: readonly number[][],
  values: readonly number[][],
  depth: number,
  stretches: number,
): { readonly value: number[]; readonly bound: number[] } {
  const d = query.length
  const dot = (a: readonly number[], b: readonly number[]): number => a.reduce((sum, x, c) => sum + x * b[c], 0)
  const scores = keys.map((key) => dot(query, key) / Math.sqrt(d))
  const sizes = keys.map((key) => dot(query.map(Math.abs), key.map(Math.abs)) / Math.sqrt(d))
  const largest = Math.max(...scores)
  const powers = scores.map((score) => Math.exp(score - largest))
  const sum = powers.reduce((a, b) => a + b, 0)
  const value = query.map((_, c) => powers.reduce((all, power, j) => all + power * values[j][c], 0) / sum)
  const average = powers.reduce((all, power, j) => all + power * sizes[j], 0) / sum
  const bound = value.map((out, c) =>
    powers.reduce((all, power, j) => {
      const x = largest - scores[j]
      const ofScores = (Math.ceil(d / 4) + 6) * (sizes[j] + average)
      const relative = u * (ofScores + x + 2 * (3 + 2 * x) + depth + 8 * stretches)
      return all + (power / sum) * (Math.abs(values[j][c]) + Math.abs(out)) * relative
    }, 0),
  )
  return { value, bound }
}
