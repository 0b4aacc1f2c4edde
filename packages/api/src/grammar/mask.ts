import { addCounted } from './counted-mask.ts'
import type { Dfa } from './dfa.ts'
import { countedInterior, type CountedInterior } from './counted-interior.ts'
import { horizon } from './horizon.ts'
import { interior, type Interior } from './interior.ts'
import { Interiors } from './interiors.ts'
import type { Pushdown } from './pushdown.ts'
import type { Configuration, State } from './state.ts'
import type { TokenTrie } from './token-trie.ts'
import { Walker } from './walk.ts'

export interface MaskLimits {
  /** Masks of whole states, by automaton. */
  readonly states?: number
  /** Masks of the insides of sets of strings, for all automata together. */
  readonly interiors?: number
  /** Steps that a mask may take: most take a few thousand, and 10⁶ a second or less. */
  readonly work?: number
}

/** Which tokens of a vocabulary may come next: bit `id & 31` of word `id >>> 5`. */
export class TokenMasks {
  readonly trie: TokenTrie
  readonly #end: readonly number[]
  readonly #states: number
  readonly #work: number
  readonly #masks = new WeakMap<Pushdown, Map<State, Uint32Array>>()
  readonly #interiors: Interiors<Interior>
  readonly #counted: Interiors<CountedInterior>

  /** `end`: the tokens that end a text; they are allowed where the text is complete, and nowhere else. */
  constructor(
    trie: TokenTrie,
    end: readonly number[],
    { states = 1024, interiors = 2048, work = 2_000_000 }: MaskLimits = {},
  ) {
    this.trie = trie
    this.#end = end
    this.#states = states
    this.#work = work
    this.#interiors = new Interiors(trie, interior, interiors)
    this.#counted = new Interiors(trie, countedInterior, Math.ceil(interiors / 16))
  }

  isEnd(token: number): boolean {
    return this.#end.includes(token)
  }

  /** The tokens that the state can read whole. Not to be written to: the next one who asks gets the same. */
  mask(automaton: Pushdown, given: State): Uint32Array {
    let masks = this.#masks.get(automaton)
    if (masks === undefined) this.#masks.set(automaton, (masks = new Map()))
    const state = horizon(automaton, given, this.trie.longest)
    let mask = masks.get(state)
    if (mask === undefined) {
      mask = this.#make(automaton, state)
      if (masks.size >= this.#states) masks.delete(masks.keys().next().value!)
    } else masks.delete(state)
    // The least recently used one comes first.
    masks.set(state, mask)
    return mask
  }

  #make(automaton: Pushdown, state: State): Uint32Array {
    const mask = this.trie.noTokens()
    const walker = new Walker(automaton, this.trie, mask, this.#work)
    if (state.overruled) walker.walk(0, state)
    else for (const alike of byTop(state.configurations)) this.#add(alike, walker)
    for (const id of this.#end) {
      if (state.accepting) mask[id >>> 5]! |= 1 << (id & 31)
      else mask[id >>> 5]! &= ~(1 << (id & 31))
    }
    return mask
  }

  /** Most tokens lie inside a string of the set on top; those that leave it are followed with the whole stacks. */
  #add(alike: readonly Configuration[], walker: Walker): void {
    const { automaton, mask } = walker
    const rest = alike.filter((configuration) => !addCounted(configuration, walker, this.#counted))
    if (rest.length === 0) return
    const { node, at } = rest[0]!
    const { tokens, exits } = this.#interiors.get(node.terminal.dfa, at)
    for (let i = 0; i < mask.length; i++) mask[i]! |= tokens[i]!
    if (exits.length === 0) return
    const states = rest.map(({ node, stack }) => automaton.closure(node.next, stack))
    const after = automaton.union(states.filter((state) => state !== null))
    if (after) for (const exit of exits) walker.walk(exit, after)
  }
}

/** Those with the same place in the same set together: they are left by the same tokens, which are walked once. */
function byTop(configurations: readonly Configuration[]): Configuration[][] {
  if (configurations.length === 1) return [[configurations[0]!]]
  const sets = new Map<Dfa, Map<number, Configuration[]>>()
  for (const one of configurations) {
    const { dfa } = one.node.terminal
    const places = sets.get(dfa) ?? new Map<number, Configuration[]>()
    sets.set(dfa, places)
    const known = places.get(one.at)
    if (known) known.push(one)
    else places.set(one.at, [one])
  }
  return [...sets.values()].flatMap((places) => [...places.values()])
}
