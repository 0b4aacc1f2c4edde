import type { Pushdown } from './pushdown.ts'
import type { TokenMasks } from './mask.ts'
import type { State } from './state.ts'

export interface ConstraintOptions {
  readonly automaton: Pushdown
  readonly masks: TokenMasks
  /**
   * The vocabulary's first space is not part of the text (`Tokenizer.stripsLeadingSpace`, of a text that does not go on
   * with another one). SentencePiece models begin with `▁{` rather than `{`: both are allowed, and both read as `{`.
   */
  readonly stripsLeadingSpace: boolean
}

/** Which tokens a choice may draw, as it goes. One for each choice; `automaton` and `masks` are shared. */
export class Constraint {
  readonly #options: ConstraintOptions
  #state: State
  #ended = false

  constructor(options: ConstraintOptions, state?: State) {
    this.#options = options
    this.#state = state ?? (options.stripsLeadingSpace ? options.automaton.startAfterSpace() : options.automaton.start)
  }

  /** Bit `id & 31` of word `id >>> 5`: whether the token may come next. Never without any; not to be written to. */
  mask(): Uint32Array {
    return this.#options.masks.mask(this.#options.automaton, this.#state)
  }

  /** Takes the token that was drawn. Throws for one that the mask does not allow: nothing can be made of it. */
  accept(token: number): void {
    const { automaton, masks } = this.#options
    if (this.#ended) throw new Error(`constraint: token ${token} after the end`)
    if (masks.isEnd(token) && this.isComplete) {
      this.#ended = true
      return
    }
    let state: State | null = this.#state
    const bytes = masks.isEnd(token) ? [] : masks.trie.bytes(token)
    for (const byte of bytes) state = state && automaton.step(state, byte)
    if (state === null || bytes.length === 0) throw new Error(`constraint: token ${token} is not allowed here`)
    this.#state = state
  }

  /** The text so far is a whole document. */
  get isComplete(): boolean {
    return this.#state.accepting
  }

  /** Nothing can follow but the end: the model need not be asked for it. */
  get isOver(): boolean {
    return this.#ended || this.#state.configurations.length === 0
  }

  /** The bytes that may come next, ascending. */
  possibleBytes(): number[] {
    return this.#options.automaton.bytesFrom(this.#state)
  }

  /** Goes on alone from here. */
  fork(): Constraint {
    const fork = new Constraint(this.#options, this.#state)
    fork.#ended = this.#ended
    return fork
  }
}

export function isAllowed(mask: Uint32Array, token: number): boolean {
  return ((mask[token >>> 5] ?? 0) & (1 << (token & 31))) !== 0
}
