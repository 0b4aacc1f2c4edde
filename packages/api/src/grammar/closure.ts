import type { CountedNode, Node, SetNode } from './program.ts'
import type { Frame, Stack, State } from './state.ts'

/** What makes stacks and states, one object for all that are equal. */
export interface Interned {
  readonly program: { readonly size: number }
  /** Throws where there are more ways of reading than may be. */
  check(ways: number): void
  single(node: SetNode, at: number, stack: Stack): State
  union(states: readonly State[], accepting: boolean): State | null
  push(below: Stack, frame: Frame): Stack
}

/** Every place that a stack reaches from a node without reading a byte. */
export function closure(automaton: Interned, node: Node, stack: Stack): State | null {
  const states: State[] = []
  const seen = new Set<number>()
  let accepting = false
  const open: [Node, Stack][] = [[node, stack]]
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const [node, stack] = at
    const key = stack.id * automaton.program.size + node.id
    if (seen.has(key)) continue
    seen.add(key)
    // Before they are all found: there may be more than can be.
    automaton.check(states.length)
    if (node.op === 'set') states.push(automaton.single(node, 0, stack))
    else if (node.op === 'return' && stack.below === undefined) accepting = true
    else for (const successor of successors(automaton, node, stack)) open.push(successor)
  }
  return automaton.union(states, accepting)
}

function successors(automaton: Interned, node: Exclude<Node, { op: 'set' }>, stack: Stack): [Node, Stack][] {
  switch (node.op) {
    case 'split':
      return node.to.map((to) => [to, stack])
    case 'call':
      // What comes back only to return need not come back: right recursion takes no room.
      if (node.next.op === 'return') return [[node.routine.entry, stack]]
      return [[node.routine.entry, automaton.push(stack, { kind: 'go on', node: node.next })]]
    case 'counted':
      return [again(automaton, node, 0, stack)]
    case 'return':
      return returns(automaton, stack)
  }
}

function returns(automaton: Interned, { frame, below }: Stack): [Node, Stack][] {
  if (frame!.kind === 'go on') return [[frame!.node, below!]]
  const { node, count } = frame!
  const to: [Node, Stack][] = []
  if (count >= node.min) to.push([node.next, below!])
  if (count < node.max) to.push(again(automaton, node, count, below!))
  return to
}

/** Begins a counted part once more, on the stack below its frame. */
function again(automaton: Interned, node: CountedNode, count: number, below: Stack): [Node, Stack] {
  if (count + 1 === node.max && node.next.op === 'return') return [node.part.entry, below]
  // Without an upper bound, all counts from the lower one on are the same.
  const next = node.max === Infinity ? Math.min(count + 1, node.min) : count + 1
  return [node.part.entry, automaton.push(below, { kind: 'counted', node, count: next })]
}
