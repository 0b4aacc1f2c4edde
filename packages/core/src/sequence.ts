import type { Sequence } from './backend.ts'
import { InputError } from './errors.ts'
import type { Cache } from './cache.ts'

/** Tokens that can always be taken back, however small the window; also the step in which old keys are let go. */
const slack = 64

/** What a sequence needs of its program. */
export interface Owner<C extends Cache> {
  /** Runs jobs on caches one after another, in the order of the calls that asked for them. */
  enqueue(job: () => void): void
  /** Takes a new sequence into the program's accounts. */
  adopt(sequence: CachedSequence<C>): void
  forget(sequence: CachedSequence<C>): void
}

/**
 * The bookkeeping of one sequence: `length`, `earliest` and poison move when the caller acts; the cache follows in the
 * order of submission.
 */
export class CachedSequence<C extends Cache> implements Sequence {
  readonly capacity: number
  /** Largest window of the graph's attention nodes; null when one of them sees everything. */
  readonly #window: number | null
  readonly #owner: Owner<C>
  #cache: C | undefined
  #length = 0
  #first = 0
  #poison: { readonly at: number; readonly error: unknown } | undefined
  #open = true
  /** Lengths that truncations still in the queue go back to. */
  readonly #pending: number[] = []

  constructor(capacity: number, window: number | null, owner: Owner<C>, cache?: C) {
    this.capacity = capacity
    this.#window = window
    this.#owner = owner
    this.#cache = cache
    owner.adopt(this)
  }

  get length(): number {
    return this.#length
  }

  get earliest(): number {
    return this.#first === 0 ? 0 : this.#first + this.#window! - 1
  }

  get isOpen(): boolean {
    return this.#open
  }

  /** The error of the pass that failed, for as long as its tokens stand. Only for jobs in the queue. */
  get failure(): unknown {
    return this.#poison?.error
  }

  /** The same as the caller sees it: what it has taken back counts no more. */
  get standingFailure(): unknown {
    const poison = this.#poison
    return poison !== undefined && !this.#pending.some((length) => length <= poison.at) ? poison.error : undefined
  }

  /** Only for jobs in the queue. */
  get cache(): C {
    return this.#cache!
  }

  /** Accounts for T submitted tokens. → the position before which the cache may forget once they have run */
  advance(T: number): number {
    const start = this.#length
    this.#length += T
    if (this.#window !== null) {
      const unseen = start - this.#window + 1 - slack
      this.#first = Math.max(this.#first, Math.floor(unseen / slack) * slack)
    }
    return this.#first
  }

  poison(at: number, error: unknown): void {
    if (this.#poison === undefined || at < this.#poison.at) this.#poison = { at, error }
  }

  truncate(length: number): void {
    this.#checkOpen()
    if (!Number.isInteger(length) || length < this.earliest || length > this.#length) {
      throw new InputError(
        `truncate: length is ${length}, expected an integer from ${this.earliest} to ${this.#length}`,
      )
    }
    this.#length = length
    const first = this.#first
    this.#pending.push(length)
    this.#owner.enqueue(() => {
      this.#pending.shift()
      // Not before: what was submitted earlier goes on from what failed, and is to fail too.
      if (this.#poison !== undefined && length <= this.#poison.at) this.#poison = undefined
      try {
        this.cache.keep(first, length)
      } catch (error) {
        // What was to go is still there: no pass may come after it, until another truncation succeeds.
        this.poison(length, error)
      }
    })
  }

  fork(): CachedSequence<C> {
    this.#checkOpen()
    const twin = new CachedSequence<C>(this.capacity, this.#window, this.#owner)
    twin.#length = this.#length
    twin.#first = this.#first
    this.#owner.enqueue(() => {
      twin.#cache = this.cache.fork() as C
      twin.#poison = this.#poison
    })
    return twin
  }

  close(): void {
    if (!this.#open) return
    this.#open = false
    this.#owner.enqueue(() => {
      this.cache.close()
      this.#owner.forget(this)
    })
  }

  #checkOpen(): void {
    if (!this.#open) throw new InputError('the sequence is closed')
  }

  /** The cache, or undefined while the fork that makes it is still in the queue. */
  get ready(): C | undefined {
    return this.#cache
  }
}
