/**
 * A set of byte strings: a deterministic automaton over bytes, trimmed (from every state a final one can be reached).
 * State 0 is the start; −1 is no state, and nothing leads out of it. The empty set has no states at all: size 0.
 */
export interface Dfa {
  readonly size: number
  next(state: number, byte: number): number
  isFinal(state: number): boolean
}

/** Whether a string is in the set. */
export function accepts(dfa: Dfa, bytes: Uint8Array): boolean {
  let state = 0
  for (const byte of bytes) if ((state = dfa.next(state, byte)) < 0) return false
  return dfa.isFinal(state)
}
