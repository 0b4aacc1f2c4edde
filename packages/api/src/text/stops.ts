import { InputError } from '@tramontane/core'

/** A text that ends another as a stop string does, to be known apart from those: what follows has a meaning of its own. */
export interface Marker {
  readonly text: string
  /** It counts only where nothing stands before it. */
  readonly isFirst: boolean
}

/**
 * Looks for stop strings in a text that comes character by character; the match that is completed first counts, of those
 * that end together the longest. Work per character is constant on average, whatever the lengths (Knuth, Morris and Pratt).
 * Throws InputError for an empty string. One with a lone surrogate is never found, for no text holds one.
 */
export class StopMatcher {
  /** Characters of the longest stop string. */
  readonly longest: number
  /** How many of the last characters are a stop string or the beginning of one. */
  held = 0
  /** What was completed is the marker. */
  isMarker = false
  readonly #patterns: readonly (Pattern | First)[]
  readonly #marker: Pattern | First | undefined

  constructor(stops: readonly string[], marker?: Marker) {
    this.#marker = marker && new (marker.isFirst ? First : Pattern)(marker.text)
    this.#patterns = [...stops.map((stop) => new Pattern(stop)), ...(this.#marker ? [this.#marker] : [])]
    this.longest = Math.max(0, ...this.#patterns.map(({ length }) => length))
  }

  /** Takes the next character (a code point): whether it completes a stop string, which then is the last `held` characters. */
  push(point: number): boolean {
    let begun = 0
    let complete = 0
    for (const pattern of this.#patterns) {
      const matched = pattern.push(point)
      begun = Math.max(begun, matched)
      if (matched < pattern.length || matched <= complete) continue
      complete = matched
      this.isMarker = pattern === this.#marker
    }
    this.held = complete || begun
    return complete > 0
  }
}

class Pattern {
  readonly #points: Uint32Array
  /** For each beginning, how long its longest border is: a beginning that is its end too. */
  readonly #borders: Uint32Array
  #matched = 0

  constructor(stop: string) {
    this.#points = Uint32Array.from(stop, (character) => character.codePointAt(0)!)
    if (this.length === 0) throw new InputError('stop: expected strings of at least one character, found an empty one')
    this.#borders = new Uint32Array(this.length)
    for (let i = 1; i < this.length; i++) this.#borders[i] = this.#grown(this.#borders[i - 1]!, this.#points[i]!)
  }

  get length(): number {
    return this.#points.length
  }

  push(point: number): number {
    const begun = this.#matched === this.length ? this.#borders[this.length - 1]! : this.#matched
    return (this.#matched = this.#grown(begun, point))
  }

  /** The longest beginning that ends with this character, when the longest before it has this length. */
  #grown(length: number, point: number): number {
    while (length > 0 && this.#points[length] !== point) length = this.#borders[length - 1]!
    return this.#points[length] === point ? length + 1 : 0
  }
}

/** A pattern that is found at the very beginning or not at all. */
class First {
  readonly #points: readonly number[]
  #read = 0
  #matched = 0

  constructor(text: string) {
    this.#points = Array.from(text, (character) => character.codePointAt(0)!)
  }

  get length(): number {
    return this.#points.length
  }

  push(point: number): number {
    const fits = this.#matched === this.#read && this.#points[this.#read] === point
    this.#read++
    return (this.#matched = fits ? this.#matched + 1 : 0)
  }
}
