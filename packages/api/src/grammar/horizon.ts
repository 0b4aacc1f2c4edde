import type { Pushdown } from './pushdown.ts'
import type { Frame, Stack, State } from './state.ts'

/**
 * A state that no string of `bytes` bytes can tell from this one: where a count is so far from its bounds that neither can
 * be reached, all such counts are the same. So a string of up to 10⁵ characters has a handful of masks, not 10⁵.
 */
export function horizon(automaton: Pushdown, state: State, bytes: number): State {
  if (state.overruled || state.configurations.every(({ stack }) => seen(automaton, stack, bytes) === stack))
    return state
  const states = state.configurations.map(({ node, at, stack }) =>
    automaton.single(node, at, seen(automaton, stack, bytes)),
  )
  return automaton.union(states, state.accepting)!
}

/** From the bottom up, as far as it is not known. */
function seen(automaton: Pushdown, stack: Stack, bytes: number): Stack {
  const open: Stack[] = []
  let at: Stack | undefined = stack
  for (; at !== undefined && at.horizon?.bytes !== bytes; at = at.below) open.push(at)
  let below = at?.horizon!.stack
  for (const one of open.reverse()) {
    below = below && one.frame ? automaton.push(below, canonical(one.frame, bytes)) : one
    one.horizon = { bytes, stack: below }
  }
  return below!
}

/** Every time a counted part runs it reads a byte at least. */
function canonical(frame: Frame, bytes: number): Frame {
  if (frame.kind === 'go on') return frame
  const { node, count } = frame
  if (node.max - count <= bytes) return frame
  if (count >= node.min) return { ...frame, count: node.min }
  return node.min - count > bytes ? { ...frame, count: 1 } : frame
}
