import { references, type Graph, type Node } from './graph.ts'

/** The nodes of a pass in their order, and with each of them the values that are used for the last time there. */
export interface Schedule {
  readonly nodes: readonly Node[]
  readonly released: readonly (readonly string[])[]
}

/** Schedules that are remembered: most passes want the same. */
const most = 16

/**
 * Makes the schedules of a graph: what `wanted` values and the attention nodes, which remember, are made of; where no row of
 * logits is asked for, nothing `rowwise`, which has a row for each of those.
 */
export function scheduler(
  graph: Graph,
  rowwise: ReadonlySet<string>,
): (wanted: ReadonlySet<string>, anyRows: boolean) => Schedule {
  const known = new Map<string, Schedule>()
  return (wanted, anyRows) => {
    const key = JSON.stringify([anyRows, ...[...wanted].sort()])
    let found = known.get(key)
    if (found === undefined) {
      const nodes = neededNodes(graph, anyRows ? new Set() : rowwise, wanted)
      found = { nodes, released: lastUses(nodes) }
      if (known.size >= most) known.clear()
      known.set(key, found)
    }
    return found
  }
}

function neededNodes(graph: Graph, left: ReadonlySet<string>, wanted: ReadonlySet<string>): Node[] {
  const needed = new Set(wanted)
  return graph.nodes
    .toReversed()
    .filter((node) => {
      if (left.has(node.name) || (node.op !== 'attention' && !needed.has(node.name))) return false
      for (const ref of Object.values(references(node))) needed.add(ref)
      return true
    })
    .reverse()
}

function lastUses(nodes: readonly Node[]): string[][] {
  const last = new Map<string, number>()
  for (const [i, node] of nodes.entries()) {
    for (const name of [node.name, ...Object.values(references(node))]) last.set(name, i)
  }
  const released = nodes.map((): string[] => [])
  for (const [name, i] of last) released[i].push(name)
  return released
}
