import type { CountedInterior } from './counted-interior.ts'
import type { Interiors } from './interiors.ts'
import type { CountedFrame, Configuration, State } from './state.ts'
import { addTokens } from './token-trie.ts'
import type { Walker } from './walk.ts'

/**
 * Adds the tokens that a place in a counted repeat of one set can read, where what follows the repeat begins with other
 * bytes than it: a string of at most 20 characters would be followed by a walk of the whole trie for each count. False
 * where this is no such place, and nothing was added.
 */
export function addCounted(
  { node, at, stack }: Configuration,
  walker: Walker,
  interiors: Interiors<CountedInterior>,
): boolean {
  const { automaton } = walker
  const { frame, below } = stack
  if (frame?.kind !== 'counted' || frame.node.part.entry !== node || !node.terminal.isPrefixFree) return false
  const after = automaton.closure(frame.node.next, below!)
  const bytes = after ? automaton.bytesFrom(after) : []
  if (bytes.some((byte) => node.terminal.dfa.next(0, byte) >= 0)) return false
  const inside = interiors.get(node.terminal.dfa, at)
  addInside(inside, frame, walker.mask)
  for (const byte of bytes) addExits(after!, byte, walker, inside, frame)
  return true
}

/** Up to as many repetitions as there is room for. */
function addInside({ tokens, beginning }: CountedInterior, { node, count }: CountedFrame, mask: Uint32Array): void {
  const room = node.max - count
  const fitting = room < beginning.length - 1 ? tokens.slice() : tokens
  for (const [begun, ids] of beginning.entries()) {
    if (begun > room) for (const id of ids ?? []) fitting[id >>> 5]! &= ~(1 << (id & 31))
  }
  for (let i = 0; i < mask.length; i++) mask[i]! |= fitting[i]!
}

function addExits(
  after: State,
  byte: number,
  walker: Walker,
  { exits }: CountedInterior,
  { node: { min, max }, count }: CountedFrame,
): void {
  const next = walker.automaton.step(after, byte)!
  for (const { node, completed } of exits.get(byte) ?? []) {
    // The one that this is in is counted already.
    const done = count + completed - 1
    if (done < min || done > max) continue
    addTokens(walker.trie, node, walker.mask)
    walker.walk(node, next)
  }
}
