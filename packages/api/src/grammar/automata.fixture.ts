import fc from 'fast-check'
import { byteClasses } from './byte-classes.ts'
import type { Dfa } from './dfa.ts'
import { accepts, TableDfa } from './automaton.ts'

export const utf8 = (text: string): Uint8Array => new TextEncoder().encode(text)

export const acceptsText = (dfa: Dfa, text: string): boolean => accepts(dfa, utf8(text))

/** Whether a text is without lone surrogates, so that it has UTF-8. */
export const isWellFormed = (text: string): boolean => !/\p{Cs}/u.test(text)

/** A small automaton over the letters a and b as it was made up, walked without any of our code. */
export interface Made {
  readonly next: readonly (readonly number[])[]
  readonly final: readonly boolean[]
}

/** Transitions to states that are not there are missing ones. */
export const made: fc.Arbitrary<Made> = fc.integer({ min: 1, max: 5 }).chain((size) =>
  fc.record({
    next: fc.array(fc.array(fc.integer({ min: -1, max: size - 1 }), { minLength: 2, maxLength: 2 }), {
      minLength: size,
      maxLength: size,
    }),
    final: fc.array(fc.boolean(), { minLength: size, maxLength: size }),
  }),
)

export function holds({ next, final }: Made, text: string): boolean {
  let state = 0
  for (const letter of text) {
    if (state < 0) return false
    state = next[state]![letter === 'a' ? 0 : 1]!
  }
  return state >= 0 && final[state]!
}

export function dfaOf({ next, final }: Made): TableDfa {
  const classes = byteClasses((byte) => (byte === 97 ? 'a' : byte === 98 ? 'b' : ''))
  const rows = next.map(([a, b]) => Array.from(classes.bytes, (byte) => (byte === 97 ? a! : byte === 98 ? b! : -1)))
  return TableDfa.from(classes, {
    width: classes.bytes.length,
    next: Int32Array.from(rows.flat()),
    final: Uint8Array.from(final, Number),
  })
}

/** All words over a and b of at most `length` letters. */
export function words(length: number): string[] {
  return length === 0 ? [''] : ['', ...words(length - 1).flatMap((word) => [`a${word}`, `b${word}`])]
}
