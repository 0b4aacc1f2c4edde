import { Characters } from './characters.ts'
import { StopMatcher, type Marker } from './stops.ts'

/** How much of a growing text is certain: whole characters that no stop string can claim any more. */
export class CertainText {
  /** Bytes from the start that are certain. */
  certain = 0
  /** A stop string is complete. The text ends before it; nothing is taken any more. */
  stopped = false
  /** Where the stop string, or the marker, ends that is complete; in bytes. */
  stoppedAt = 0
  readonly #characters = new Characters()
  readonly #stops: StopMatcher
  /** Where the last characters end, as many as can be held back and one more; by their number, in a circle. */
  readonly #ends: Float64Array
  #count = 0

  constructor(stops: readonly string[], marker?: Marker) {
    this.#stops = new StopMatcher(stops, marker)
    this.#ends = new Float64Array(this.#stops.longest + 1)
  }

  /** What stopped it is the marker. */
  get isMarked(): boolean {
    return this.stopped && this.#stops.isMarker
  }

  /** Bytes taken. */
  get length(): number {
    return this.#characters.length
  }

  /** Takes what comes next, and returns how many characters stand before the one in which it begins. */
  push(bytes: Uint8Array): number {
    const start = this.length
    let before = this.#count
    this.#characters.push(bytes, (point, end) => {
      // These bytes have shown that what hung in front of them is no part of a character of theirs.
      if (end === start) before++
      if (!this.stopped) this.#take(point, end)
    })
    return before
  }

  /** Nothing follows: beginnings of stop strings are text. Half a character is not. */
  end(): void {
    if (!this.stopped) this.certain = this.#end(this.#count)
  }

  #take(point: number, end: number): void {
    this.#ends[++this.#count % this.#ends.length] = end
    this.stopped = this.#stops.push(point)
    this.stoppedAt = end
    this.certain = this.#end(this.#count - this.#stops.held)
  }

  /** Where the character of this number ends; 0 is the start of the text. */
  #end(number: number): number {
    return number === 0 ? 0 : this.#ends[number % this.#ends.length]!
  }
}
