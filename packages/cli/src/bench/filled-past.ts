import type { Sequence } from '@tramontane/core'
import { feedText, type Runner } from './run.ts'

/** Keeps the longest sequence that holds the beginning of a text, so that its tokens are fed once for all cases. */
export class FilledPast {
  readonly #runner: Runner
  readonly #text: Int32Array
  readonly #capacity: number
  #longest: Sequence | undefined

  constructor(runner: Runner, text: Int32Array, capacity: number) {
    this.#runner = runner
    this.#capacity = capacity
    this.#text = text
  }

  /** Tokens that the kept sequence holds. */
  get length(): number {
    return this.#longest?.length ?? 0
  }

  /** Tokens that `at` would have to feed. */
  missing(depth: number): number {
    return depth - (this.#canGoBack(depth) ? Math.min(this.length, depth) : 0)
  }

  /** A sequence that holds the first `depth` tokens, for the caller to use and to close. */
  async at(depth: number, fed?: (tokens: number) => void): Promise<Sequence> {
    const missing = this.missing(depth)
    const sequence = missing === depth ? this.#runner.program.open(this.#capacity) : this.#longest!.fork()
    if (sequence.length > depth) sequence.truncate(depth)
    if (missing === 0) return sequence
    await feedText(this.#runner, sequence, this.#text.subarray(depth - missing, depth), false, fed)
    this.keep(sequence.fork())
    return sequence
  }

  /** Takes a sequence over that holds the beginning of the text; it may be closed at once. */
  keep(sequence: Sequence): void {
    if (sequence.length <= this.length) return sequence.close()
    this.close()
    this.#longest = sequence
  }

  close(): void {
    this.#longest?.close()
    this.#longest = undefined
  }

  #canGoBack(depth: number): boolean {
    return depth >= (this.#longest?.earliest ?? 0)
  }
}
