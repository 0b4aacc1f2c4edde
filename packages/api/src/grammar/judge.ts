import { InputError } from '@tramontane/core'
import { possible } from './possible.ts'
import type { Pushdown } from './pushdown.ts'
import type { State } from './state.ts'

export type Judgement = { readonly accepted: true } | Rejection

export interface Rejection {
  readonly accepted: false
  /** Bytes before the first one that is not possible; the length of a text that only ends too early. */
  readonly at: number
  /** What could have stood there, as `possible` writes it. */
  readonly expected: readonly string[]
  /** Where it is not for the grammar that it stopped, but for a limit. */
  readonly reason?: string
}

export interface JudgeLimits {
  /** Levels that are open at the same time; each takes some kilobytes. */
  readonly depth?: number
}

/**
 * Reads a text piece by piece and says whether generation under the grammar could give just this text, from its first byte
 * to its last. Nothing is kept of what was read but where it stands.
 */
export class Judge {
  readonly #automaton: Pushdown
  readonly #depth: number
  #state: State
  #at = 0
  #stopped: string | null = null

  constructor(automaton: Pushdown, { depth = 100_000 }: JudgeLimits = {}) {
    this.#depth = depth
    this.#automaton = automaton
    this.#state = automaton.start
  }

  /** Bytes that were possible so far. */
  get at(): number {
    return this.#at
  }

  /** False where the text cannot go on so, whatever follows; more bytes then change nothing. */
  read(bytes: Uint8Array): boolean {
    for (let i = 0; this.#stopped === null && i < bytes.length; i++) this.#step(bytes[i]!)
    return this.#stopped === null
  }

  /** Of the text that has been read, if it ends here. */
  judgement(): Judgement {
    const { accepting } = this.#state
    if (this.#stopped === null && accepting) return { accepted: true }
    const expected = possible(this.#automaton.bytesFrom(this.#state), accepting)
    return { accepted: false, at: this.#at, expected, ...(this.#stopped && { reason: this.#stopped }) }
  }

  #step(byte: number): void {
    const next = this.#next(byte)
    if (next === null) return
    this.#state = next
    this.#at++
    if ((next.configurations[0]?.stack.depth ?? 0) > this.#depth) this.#stopped = `nested more than ${this.#depth} deep`
  }

  /** Null where there is none, for which the reason then is known. */
  #next(byte: number): State | null {
    try {
      const next = this.#automaton.step(this.#state, byte)
      if (next === null) this.#stopped = ''
      return next
    } catch (error) {
      if (!(error instanceof InputError)) throw error
      this.#stopped = error.message
      return null
    }
  }
}

/** Of a whole text. */
export function judge(automaton: Pushdown, bytes: Uint8Array, limits: JudgeLimits = {}): Judgement {
  const judge = new Judge(automaton, limits)
  judge.read(bytes)
  return judge.judgement()
}
