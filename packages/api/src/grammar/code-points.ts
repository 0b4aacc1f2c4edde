/** Code points from `from` to `to`, both included. */
export interface Range {
  readonly from: number
  readonly to: number
}

/** A set of code points: ranges in order, apart from each other. Surrogates may be in it; no UTF-8 holds one. */
export type CodePoints = readonly Range[]

export const lastCodePoint = 0x10ffff
export const anyCodePoint: CodePoints = [{ from: 0, to: lastCodePoint }]

/** The set of ranges in any order, overlapping or not. */
export function codePoints(ranges: readonly Range[]): CodePoints {
  const joined: { from: number; to: number }[] = []
  for (const { from, to } of [...ranges].sort((a, b) => a.from - b.from)) {
    const last = joined.at(-1)
    if (last && from <= last.to + 1) last.to = Math.max(last.to, to)
    else joined.push({ from, to })
  }
  return joined
}

/** All code points that are not in the set. */
export function complement(set: CodePoints): CodePoints {
  const gaps: Range[] = []
  let from = 0
  for (const range of set) {
    if (range.from > from) gaps.push({ from, to: range.from - 1 })
    from = range.to + 1
  }
  return from <= lastCodePoint ? [...gaps, { from, to: lastCodePoint }] : gaps
}

/** Code points told apart by whether each of some sets holds them: as symbols. */
export interface Alphabet {
  /** Every code point, in order, with its symbol. */
  readonly pieces: readonly (Range & { readonly symbol: number })[]
  /** Symbols in all. */
  readonly size: number
  /** [sets][symbols] 1 where the set holds the symbol. */
  readonly holds: readonly Uint8Array[]
}

export function alphabet(sets: readonly CodePoints[]): Alphabet {
  // Where membership changes, by code point: the sets that begin or end there.
  const changes = new Map<number, number[]>([[0, []]])
  const change = (at: number, set: number): void => {
    if (!changes.get(at)?.push(set)) changes.set(at, [set])
  }
  sets.forEach((ranges, set) => {
    for (const { from, to } of ranges) {
      change(from, set)
      change(to + 1, set)
    }
  })
  const symbols = new Map<string, number>()
  const within = new Set<number>()
  const starts = [...changes.keys()].filter((at) => at <= lastCodePoint).sort((a, b) => a - b)
  const holds = sets.map((): number[] => [])
  const pieces = starts.map((from, i) => {
    for (const set of changes.get(from)!) if (!within.delete(set)) within.add(set)
    const key = [...within].sort((a, b) => a - b).join()
    if (!symbols.has(key)) holds.forEach((held, set) => held.push(Number(within.has(set))))
    if (!symbols.has(key)) symbols.set(key, symbols.size)
    return { from, to: (starts[i + 1] ?? lastCodePoint + 1) - 1, symbol: symbols.get(key)! }
  })
  return { pieces, size: symbols.size, holds: holds.map((held) => Uint8Array.from(held)) }
}
