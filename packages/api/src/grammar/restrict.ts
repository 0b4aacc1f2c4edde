import { CountedStrings } from './counted-strings.ts'
import type { Dfa } from './dfa.ts'
import { choice, type Expression, type Grammar } from './grammar.ts'

/**
 * What a grammar derives with some bytes alone. A vocabulary may have no token for a byte (SmolLM2 has none for 0xF1):
 * what leads nowhere else must not be entered.
 */
export function restricted(grammar: Grammar, usable: readonly boolean[]): Grammar {
  if (usable.every(Boolean)) return grammar
  const nothing = choice()
  const of = (expression: Expression): Expression => {
    if (expression.kind === 'bytes') return isWritten(expression.bytes, usable) ? expression : nothing
    if (expression.kind === 'rule') return expression
    if (expression.kind === 'repeat') return { ...expression, part: of(expression.part) }
    if (expression.kind !== 'set') return { ...expression, parts: expression.parts.map(of) }
    const dfa = restrictedSet(expression.dfa, usable)
    return dfa ? { kind: 'set', dfa } : nothing
  }
  return { ...grammar, rules: new Map([...grammar.rules].map(([name, expression]) => [name, of(expression)])) }
}

/** A loop, for an enum may hold millions of bytes. */
function isWritten(bytes: Uint8Array, usable: readonly boolean[]): boolean {
  for (let i = 0; i < bytes.length; i++) if (!usable[bytes[i]!]) return false
  return true
}

const known = new WeakMap<readonly boolean[], WeakMap<Dfa, Dfa | null>>()

/**
 * The strings of a set that are made of these bytes alone, trimmed; null where there are none. The same object each time:
 * what is known of a set is shared by all grammars that have it.
 */
export function restrictedSet(dfa: Dfa, usable: readonly boolean[]): Dfa | null {
  let sets = known.get(usable)
  if (sets === undefined) known.set(usable, (sets = new WeakMap<Dfa, Dfa | null>()))
  let set = sets.get(dfa)
  if (set === undefined) sets.set(dfa, (set = restrictedAnew(dfa, usable)))
  return set
}

const quote = 0x22

function restrictedAnew(dfa: Dfa, usable: readonly boolean[]): Dfa | null {
  // Its states are as many as its bound says: looking at them all would be what it is there to spare.
  if (dfa instanceof CountedStrings) {
    return usable[quote] ? dfa.ofFewer((character) => restrictedSet(character, usable)) : null
  }
  const states = reachable(dfa, usable)
  const alive = reachFinal(dfa, states)
  if (!alive.has(0)) return null
  if (alive.size === states.size && !usesOthers(dfa, states, usable)) return dfa
  return {
    size: dfa.size,
    isFinal: (state) => dfa.isFinal(state),
    next(state, byte) {
      const to = usable[byte] ? dfa.next(state, byte) : -1
      return alive.has(to) ? to : -1
    },
  }
}

/** Of every state that the usable bytes lead to, the states from which they lead to it. */
function reachable(dfa: Dfa, usable: readonly boolean[]): Map<number, number[]> {
  const before = new Map<number, number[]>()
  if (dfa.size === 0) return before
  before.set(0, [])
  for (const state of before.keys()) {
    for (let byte = 0; byte < 256; byte++) {
      const to = usable[byte] ? dfa.next(state, byte) : -1
      if (to < 0) continue
      const from = before.get(to)
      if (from === undefined) before.set(to, [state])
      else if (from.at(-1) !== state) from.push(state)
    }
  }
  return before
}

function reachFinal(dfa: Dfa, before: ReadonlyMap<number, readonly number[]>): Set<number> {
  const alive = new Set([...before.keys()].filter((state) => dfa.isFinal(state)))
  // A set gives what is added to it while it is read.
  for (const state of alive) for (const from of before.get(state)!) alive.add(from)
  return alive
}

function usesOthers(dfa: Dfa, states: ReadonlyMap<number, unknown>, usable: readonly boolean[]): boolean {
  const others = usable.flatMap((is, byte) => (is ? [] : [byte]))
  return [...states.keys()].some((state) => others.some((byte) => dfa.next(state, byte) >= 0))
}
