import { InputError } from '@tramontane/core'
import type { Node } from './program.ts'

/** Throws InputError where a rule can begin with itself: it would be entered again and again without reading a byte. */
export function checkRecursion(entry: Node, checked: Set<Node>): void {
  // A path of calls may be as long as there are rules: it is walked with a stack of our own.
  const path: { node: Node; rest: Node[] }[] = []
  const onPath = new Set<Node>()
  const enter = (node: Node): void => {
    path.push({ node, rest: beginnings(node) })
    onPath.add(node)
  }
  if (!checked.has(entry)) enter(entry)
  for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
    const node = top.rest.pop()
    if (node === undefined) {
      path.pop()
      onPath.delete(top.node)
      checked.add(top.node)
    } else if (onPath.has(node)) {
      const cycle = path.slice(path.findIndex((step) => step.node === node)).map((step) => step.node)
      throw new InputError(`left recursion: a text of ${names(cycle)} begins with itself; write it with * or +`)
    } else if (!checked.has(node)) enter(node)
  }
}

/** Where it goes without reading. */
function beginnings(node: Node): Node[] {
  if (node.op === 'split') return [...node.to]
  if (node.op === 'call') return [node.routine.entry]
  return node.op === 'counted' ? [node.part.entry] : []
}

function names(cycle: readonly Node[]): string {
  const called = cycle.flatMap((node) => (node.op === 'call' ? [node.routine.name] : []))
  const shown = called.slice(0, 5).map((name) => `"${name}"`)
  return shown.join(' → ') + (called.length > 5 ? ' → …' : '')
}
