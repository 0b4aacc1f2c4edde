import type { Dfa } from './dfa.ts'
import type { TokenTrie } from './token-trie.ts'

type Make<Made> = (trie: TokenTrie, dfa: Dfa, at: number) => Made

/** What was found out about states of sets; sets are shared by grammars. At most so many things, then it begins anew. */
export class Interiors<Made> {
  readonly #trie: TokenTrie
  readonly #make: Make<Made>
  readonly #limit: number
  #known = new Map<Dfa, Map<number, Made>>()
  #count = 0

  constructor(trie: TokenTrie, make: Make<Made>, limit: number) {
    this.#trie = trie
    this.#make = make
    this.#limit = limit
  }

  get(dfa: Dfa, at: number): Made {
    let found = this.#known.get(dfa)?.get(at)
    if (found !== undefined) return found
    if (this.#count++ % this.#limit === 0) this.#known = new Map()
    found = this.#make(this.#trie, dfa, at)
    const known = this.#known.get(dfa)
    if (known) known.set(at, found)
    else this.#known.set(dfa, new Map([[at, found]]))
    return found
  }
}
