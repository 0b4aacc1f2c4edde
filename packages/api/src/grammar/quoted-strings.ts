import type { Dfa } from './dfa.ts'
import { stringifiedStrings } from './json-string.ts'
import { defaultLimits, type Limits } from './limit.ts'
import { tableOf, type TableDfa } from './table-dfa.ts'

/**
 * As `stringifiedStrings`; where no character of the strings is escaped, by their own automaton. `superset`: a set that has all
 * of them and is at hand as a table.
 */
export function stringLiterals(values: Dfa, limits: Limits = defaultLimits, superset = tableOf(values, limits)): Dfa {
  return values.size === 0 || hasEscaped(superset) ? stringifiedStrings(values, limits) : new QuotedStrings(values)
}

/** Whether a string of the set has a character that JSON escapes. */
function hasEscaped({ classes, table: { width, next, final } }: TableDfa): boolean {
  const symbols = new Set(
    [0x22, 0x5c, ...Array.from({ length: 32 }, (_, byte) => byte)].map((byte) => classes.of[byte]!),
  )
  for (let state = 0; state < final.length; state++)
    for (const symbol of symbols) if (next[state * width + symbol]! >= 0) return true
  return false
}

/** Strings between quotes: the first state is before them, the last behind them. */
class QuotedStrings implements Dfa {
  readonly size: number
  readonly #values: Dfa

  constructor(values: Dfa) {
    this.#values = values
    this.size = values.size + 2
  }

  next(state: number, byte: number): number {
    if (state <= 0) return state === 0 && byte === 0x22 ? 1 : -1
    if (state === this.size - 1) return -1
    if (byte === 0x22) return this.#values.isFinal(state - 1) ? this.size - 1 : -1
    const to = this.#values.next(state - 1, byte)
    return to < 0 ? -1 : to + 1
  }

  isFinal(state: number): boolean {
    return state === this.size - 1
  }
}
