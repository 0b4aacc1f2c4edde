import { InputError } from '@tramontane/core'
import type { Pushdown } from './pushdown.ts'
import type { State } from './state.ts'
import { addTokens, type TokenTrie } from './token-trie.ts'

/** Adds what a state can read of the trie to a mask, within a bound on the work: an ambiguous grammar must not hold up all else. */
export class Walker {
  readonly automaton: Pushdown
  readonly trie: TokenTrie
  readonly mask: Uint32Array
  readonly #limit: number
  /** The automaton's work at which this began, less the nodes walked. */
  #began: number

  constructor(automaton: Pushdown, trie: TokenTrie, mask: Uint32Array, limit: number) {
    this.automaton = automaton
    this.trie = trie
    this.mask = mask
    this.#limit = limit
    this.#began = automaton.work
  }

  /** Adds the tokens below a node of the trie that a state can read from there. Throws InputError for too much work. */
  walk(from: number, start: State): void {
    const { automaton, mask, trie } = this
    const { byte, depth, end } = trie
    const above = depth[from]! + 1
    const states = [start]
    const last = end[from]!
    for (let node = from + 1; node < last;) {
      if (automaton.work - --this.#began > this.#limit) this.#refuse()
      const level = depth[node]! - above
      const state = automaton.step(states[level]!, byte[node]!)
      if (state === null) {
        node = end[node]!
        continue
      }
      states[level + 1] = state
      addTokens(trie, node, mask)
      node++
    }
  }

  #refuse(): never {
    throw new InputError(`the grammar is too ambiguous: a mask takes more than ${this.#limit} steps`)
  }
}
