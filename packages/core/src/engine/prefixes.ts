import type { Sequence } from '../backend.ts'

/** A sequence, and the tokens whose keys and values it holds. */
export interface Held {
  readonly owner: string
  readonly sequence: Sequence
  readonly tokens: ArrayLike<number>
}

/** How many tokens two lists begin with in common. */
export function common(a: ArrayLike<number>, b: ArrayLike<number>): number {
  const end = Math.min(a.length, b.length)
  let i = 0
  while (i < end && a[i] === b[i]) i++
  return i
}

export interface Match {
  readonly held: Held
  /** Tokens that the prompt has in common with it, at least one, and that it can go back to. */
  readonly length: number
}

/**
 * The longest beginning of a prompt that one of the sequences holds, of the same owner alone. The prompt's last token never
 * counts: its row has to be computed.
 */
export function longest(owner: string, prompt: Int32Array, candidates: Iterable<Held>): Match | undefined {
  let best: Match | undefined
  for (const held of candidates) {
    if (held.owner !== owner) continue
    const length = Math.min(common(held.tokens, prompt), prompt.length - 1)
    if (length > (best?.length ?? 0) && length >= held.sequence.earliest) best = { held, length }
  }
  return best
}

/** Sequences of finished generations, the longest unused first. */
export class Prefixes {
  readonly #kept = new Set<Held>()
  readonly #most: number

  constructor(most: number) {
    this.#most = most
  }

  get size(): number {
    return this.#kept.size
  }

  /** Tokens held by all. */
  get tokens(): number {
    return [...this.#kept].reduce((sum, { tokens }) => sum + tokens.length, 0)
  }

  [Symbol.iterator](): Iterator<Held> {
    return this.#kept.values()
  }

  /** Keeps a sequence; one that holds no more than the beginning of it goes, as does the oldest beyond the limit. */
  keep(held: Held): void {
    for (const other of this.#kept) {
      if (other.owner === held.owner && common(other.tokens, held.tokens) === other.tokens.length) this.#drop(other)
    }
    this.#kept.add(held)
    if (this.#kept.size > this.#most) this.dropOldest()
  }

  /** It was of use: it goes last. */
  touch(held: Held): void {
    if (this.#kept.delete(held)) this.#kept.add(held)
  }

  /** Gives a kept sequence away. False where it is not one of ours. */
  take(held: Held): boolean {
    return this.#kept.delete(held)
  }

  /** Lets the longest unused go, but not `except`. False where there is none. */
  dropOldest(except?: Held): boolean {
    for (const held of this.#kept) {
      if (held === except) continue
      this.#drop(held)
      return true
    }
    return false
  }

  clear(): void {
    while (this.dropOldest());
  }

  #drop(held: Held): void {
    this.#kept.delete(held)
    held.sequence.close()
  }
}
