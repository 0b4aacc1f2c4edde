import type { Dfa } from './dfa.ts'
import { addTokens, type TokenTrie } from './token-trie.ts'

/** What a state of a set of strings says about tokens, whatever follows the set. */
export interface Interior {
  /** The tokens that lie in a string of the set as a whole. */
  readonly tokens: Uint32Array
  /** Where in the trie a string of the set may be over, and tokens go on. */
  readonly exits: readonly number[]
}

export function interior(trie: TokenTrie, dfa: Dfa, at: number): Interior {
  const { byte, depth, end, longest } = trie
  const tokens = trie.noTokens()
  const exits: number[] = []
  const states = new Int32Array(longest + 1)
  states[0] = at
  const nodes = byte.length
  for (let node = 1; node < nodes;) {
    const state = dfa.next(states[depth[node]! - 1]!, byte[node]!)
    if (state < 0) {
      node = end[node]!
      continue
    }
    states[depth[node]!] = state
    addTokens(trie, node, tokens)
    if (end[node]! > node + 1 && dfa.isFinal(state)) exits.push(node)
    node++
  }
  return { tokens, exits }
}
