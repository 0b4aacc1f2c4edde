import type { Dfa } from './dfa.ts'
import { addTokens, type TokenTrie } from './token-trie.ts'

/**
 * What a place in a counted repeat of one set says about tokens, whatever the count: characters of a string of bounded
 * length, above all, of which a token may hold many. For sets none of whose strings begins another one.
 */
export interface CountedInterior {
  /** The tokens that lie in repetitions as a whole. */
  readonly tokens: Uint32Array
  /** Those of them that begin repetitions, by how many. */
  readonly beginning: readonly (readonly number[])[]
  /** Trie nodes that follow on a repetition with a byte that begins none, by that byte. */
  readonly exits: ReadonlyMap<number, readonly Exit[]>
}

export interface Exit {
  readonly node: number
  /** Repetitions completed before it. */
  readonly completed: number
}

export function countedInterior(trie: TokenTrie, dfa: Dfa, at: number): CountedInterior {
  const { byte, depth, end, ids, first, longest } = trie
  const tokens = trie.noTokens()
  const beginning: number[][] = []
  const exits = new Map<number, Exit[]>()
  /** Between two repetitions: the start, when the one before is complete. */
  const states = new Int32Array(longest + 1)
  const completed = new Int32Array(longest + 1)
  states[0] = at
  for (let node = 1; node < byte.length;) {
    const level = depth[node]!
    const before = states[level - 1]!
    const state = dfa.next(before, byte[node]!)
    if (state < 0) {
      if (before === 0 && completed[level - 1]! > 0)
        exit(exits, byte[node]!, { node, completed: completed[level - 1]! })
      node = end[node]!
      continue
    }
    const complete = dfa.isFinal(state)
    states[level] = complete ? 0 : state
    completed[level] = completed[level - 1]! + (complete ? 1 : 0)
    addTokens(trie, node, tokens)
    const begun = complete ? completed[level]! - 1 : completed[level]!
    for (let i = first[node]!; begun > 0 && i < first[node + 1]!; i++) (beginning[begun] ??= []).push(ids[i]!)
    node++
  }
  return { tokens, beginning, exits }
}

function exit(exits: Map<number, Exit[]>, byte: number, one: Exit): void {
  const known = exits.get(byte)
  if (known) known.push(one)
  else exits.set(byte, [one])
}
