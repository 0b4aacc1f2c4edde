import type { Program, Sequence } from '../backend.ts'
import type { EngineOptions } from './generation.ts'
import { common, longest, Prefixes, type Match } from './prefixes.ts'
import type { Run } from './run.ts'

/** Tokens that it is worth waiting for: a shorter beginning is read twice. */
const few = 8

/** Who waits, who is in, and what is kept of those that left: within the slots and the bytes that there are. */
export class Lineup {
  readonly waiting = new Set<Run>()
  readonly live = new Set<Run>()
  readonly #program: Program
  readonly #options: Required<EngineOptions>
  readonly #prefixes: Prefixes
  /** Bytes of keys and values of one token. */
  readonly #position: number

  constructor(program: Program, options: Required<EngineOptions>) {
    this.#program = program
    this.#options = options
    this.#prefixes = new Prefixes(options.kept)
    this.#position = program.usage().position
  }

  /** Requests that can be taken now. */
  get room(): number {
    const { slots, queue } = this.#options
    return Math.max(0, slots - this.live.size + queue - this.waiting.size)
  }

  get kept(): number {
    return this.#prefixes.size
  }

  /** Promised to live runs, and held by kept sequences. */
  get cacheBytes(): number {
    const promised = [...this.live].reduce((sum, { reserved }) => sum + reserved, 0)
    return promised + this.#prefixes.tokens * this.#position
  }

  /** Lets in who waits, in their order, as long as there is room. → who came in */
  admit(): Run[] {
    const admitted: Run[] = []
    for (const run of this.waiting) {
      if (this.live.size >= this.#options.slots) break
      const match = this.#prefixOf(run)
      if (this.#worthWaiting(run, match)) continue
      if (!this.#makeRoom(run, match)) break
      this.waiting.delete(run)
      this.live.add(run)
      run.start(...this.#begin(run, match))
      admitted.push(run)
    }
    return admitted
  }

  /** Lets a run go. Its sequence is kept, or closed where it cannot be gone on with. */
  remove(run: Run): void {
    this.waiting.delete(run)
    this.live.delete(run)
    if (run.sequence === undefined) return
    const held = run.trim()
    if (run.request.sequence !== undefined) return
    if (held !== undefined && held.tokens.length > 0 && this.#options.kept > 0) this.#prefixes.keep(held)
    else run.sequence.close()
  }

  /** Forgets what is kept. */
  clear(): void {
    this.#prefixes.clear()
  }

  #prefixOf({ request, owner }: Run): Match | undefined {
    if (request.sequence !== undefined || request.promptLogprobs) return undefined
    const live = [...this.live].flatMap(({ held }) => held ?? [])
    return longest(owner, request.prompt, [...this.#prefixes, ...live])
  }

  /** Another one is reading what this one would read too: its work can be shared when it is done. */
  #worthWaiting({ request, owner }: Run, match: Match | undefined): boolean {
    if (request.sequence !== undefined || request.promptLogprobs) return false
    return [...this.live].some(
      (other) =>
        other.owner === owner &&
        other.prefilling &&
        other.request.sequence === undefined &&
        common(other.request.prompt, request.prompt) > Math.max(other.fed, match?.length ?? 0) + few,
    )
  }

  /** Lets kept sequences go, the longest unused first, until the promise to this run can be held. */
  #makeRoom({ reserved }: Run, match: Match | undefined): boolean {
    const fits = () => this.cacheBytes + reserved <= this.#options.cacheBudget
    while (!fits()) {
      if (this.#prefixes.dropOldest(match?.held)) continue
      // What is left is the one to be gone on with: its own bytes would become part of the promise.
      if (match === undefined || !this.#prefixes.take(match.held)) return false
      const taken = fits()
      this.#prefixes.keep(match.held)
      return taken
    }
    return true
  }

  /** The sequence to begin with, and the tokens of the prompt that it already holds. */
  #begin({ request }: Run, match: Match | undefined): [Sequence, number] {
    if (request.sequence !== undefined) return [request.sequence, 0]
    if (match === undefined) return [this.#program.open(this.#options.context), 0]
    const { held, length } = match
    this.#prefixes.touch(held)
    const whole = length === held.tokens.length
    const tight = this.cacheBytes > this.#options.cacheBudget
    const sequence = (whole || tight) && this.#prefixes.take(held) ? held.sequence : held.sequence.fork()
    sequence.truncate(length)
    return [sequence, length]
  }
}
