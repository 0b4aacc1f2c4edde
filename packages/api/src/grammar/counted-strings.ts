import type { Dfa } from './dfa.ts'
import { LimitError } from './limit.ts'
import { anyCharacter, type StringForm } from './json-string.ts'

/** 2^31 − 1, so that states stay 32-bit integers. */
const mostStates = 0x7fffffff

/**
 * The JSON literals of all strings of `min` to `max` code points (`max` may be Infinity), as `anyString` has them, but without a
 * table: a state is a count and a place in a character, so that a bound of a million costs nothing. Throws LimitError beyond 2^31
 * states.
 */
export class CountedStrings implements Dfa {
  readonly size: number
  readonly #character: Dfa
  /** Where a character is complete: its only final state, for none is the beginning of another. */
  readonly #complete: number
  /** States in which a character may be, the complete one left out: it is the first of the next character. */
  readonly #places: number
  readonly #min: number
  readonly #max: number
  /** Characters are not told apart beyond so many. */
  readonly #most: number

  /** `characters`: a form, or what a character may be, of which none begins another and none is empty. */
  constructor(characters: StringForm | Dfa, min: number, max: number) {
    if (min > max) throw new RangeError(`strings of at least ${min} and at most ${max} characters: there are none`)
    this.#character = typeof characters === 'string' ? anyCharacter(characters) : characters
    this.#complete = finalOf(this.#character)
    this.#places = this.#character.size - 1
    this.#min = min
    this.#max = max
    this.#most = Number.isFinite(max) ? max : min
    // Before the first quote, behind the last, and for each count the places in the character that comes next, if one may.
    this.size = 2 + this.#most * this.#places + (Number.isFinite(max) ? 1 : this.#places)
    if (this.size > mostStates) throw new LimitError(`strings of ${this.#most} characters need more than 2^31 states`)
  }

  /** The same counts of fewer characters, in automata of the same states; null where there are no such strings. */
  ofFewer(fewer: (character: Dfa) => Dfa | null): CountedStrings | null {
    const character = fewer(this.#character)
    if (character !== null) return new CountedStrings(character, this.#min, this.#max)
    return this.#min > 0 ? null : new CountedStrings(this.#character, 0, 0)
  }

  next(state: number, byte: number): number {
    if (state < 0 || state === 1) return -1
    if (state === 0) return byte === 0x22 ? 2 : -1
    const place = (state - 2) % this.#places
    const count = (state - 2 - place) / this.#places
    if (place === 0 && byte === 0x22) return count >= this.#min ? 1 : -1
    if (count === this.#max) return -1
    const to = this.#character.next(place < this.#complete ? place : place + 1, byte)
    if (to < 0) return -1
    if (to === this.#complete) return 2 + Math.min(count + 1, this.#most) * this.#places
    return 2 + count * this.#places + (to < this.#complete ? to : to - 1)
  }

  isFinal(state: number): boolean {
    return state === 1
  }
}

function finalOf(dfa: Dfa): number {
  const states = Array.from({ length: dfa.size }, (_, state) => state)
  return states.find((state) => dfa.isFinal(state))!
}
