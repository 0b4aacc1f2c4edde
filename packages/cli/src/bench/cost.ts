import {
  byteLength,
  inferColumns,
  references,
  type Columns,
  type Graph,
  type Node,
  type NodeOf,
} from '@tramontane/core'

/** The least work that a pass can do. How it is counted: docs/benchmarks.md. */
export interface Cost {
  /** Bytes of the weights as stored, scales included, each once per pass; of a table, the rows that are looked up. */
  readonly weightBytes: number
  /** Elements of keys and values of earlier passes that are read. */
  readonly cacheReads: number
  /** Elements of keys and values that are added. */
  readonly cacheWrites: number
  /** Additions, multiplications and the like. */
  readonly operations: number
}

/** A pass of `T` tokens after `past` others, of which `R` rows want logits, in each of `batch` sequences (default 1). */
export interface PassSize {
  readonly past: number
  readonly T: number
  readonly R: number
  readonly batch?: number
}

export function addCosts(costs: readonly Cost[]): Cost {
  const sum = (key: keyof Cost) => costs.reduce((total, cost) => total + cost[key], 0)
  return {
    weightBytes: sum('weightBytes'),
    cacheReads: sum('cacheReads'),
    cacheWrites: sum('cacheWrites'),
    operations: sum('operations'),
  }
}

/** Elements of keys and values that one position adds to the memory. */
export function cacheElements(graph: Graph): number {
  return passCosts(graph)({ past: 0, T: 1, R: 0 }).cacheWrites
}

/** Tells what a pass costs, from the graph alone. */
export function passCosts(graph: Graph): (size: PassSize) => Cost {
  const columns = inferColumns(graph)
  const attentions = graph.nodes.filter((node) => node.op === 'attention')
  const rowCost = rowCosts(graph, columns)
  // Most passes differ by their past alone, which only attention sees.
  const known = new Map<string, Cost>()
  return (size) => {
    const { T, R, batch = 1 } = size
    const key = `${T},${R},${batch}`
    const rows = known.get(key) ?? rowCost({ T: T * batch, R: R * batch })
    known.set(key, rows)
    const attended = attentions.map((node) => attentionCost(node, columns, size))
    return addCosts([rows, ...Array.from({ length: batch }, () => attended).flat()])
  }
}

const nothing: Cost = { weightBytes: 0, cacheReads: 0, cacheWrites: 0, operations: 0 }

/** Costs of the nodes that treat rows independently, and of all weights. */
function rowCosts(graph: Graph, columns: Columns): (size: Pick<PassSize, 'T' | 'R'>) => Cost {
  const rowwise = rowwiseNodes(graph)
  return ({ T, R }) => {
    const weights = new Map<string, number>()
    let operations = 0
    for (const node of neededNodes(graph, R > 0)) {
      const rows = rowwise.has(node.name) ? R : T
      operations += rows * operationsPerRow(graph, node, columns.get(node.name)!)
      for (const [name, bytes] of weightsOf(graph, node, rows)) {
        weights.set(name, Math.max(bytes, weights.get(name) ?? 0))
      }
    }
    return { ...nothing, operations, weightBytes: [...weights.values()].reduce((sum, bytes) => sum + bytes, 0) }
  }
}

function attentionCost(node: NodeOf<'attention'>, columns: Columns, size: PassSize): Cost {
  const kept = columns.get(node.key)! + columns.get(node.value)!
  const first = Math.max(0, size.past + 1 - (node.window ?? Infinity))
  return {
    ...nothing,
    cacheReads: (size.past - first) * kept,
    cacheWrites: size.T * kept,
    // 2·d for the score, 2·d for the mixing, 5 for the softmax, per head and pair of positions.
    operations: pairsOf(size, node.window) * (4 * columns.get(node.name)! + 5 * node.heads),
  }
}

/** Pairs of a query of the pass and a key that it sees. */
function pairsOf({ past, T }: PassSize, window: number | null): number {
  let pairs = 0
  for (let t = 0; t < T; t++) pairs += Math.min(past + t + 1, window ?? Infinity)
  return pairs
}

/** Operations that a node other than attention does for one row of its value. */
function operationsPerRow(graph: Graph, node: Node, width: number): number {
  switch (node.op) {
    case 'linear':
      return 2 * width * graph.weights[node.weight].shape[1] + (node.bias === null ? 0 : width)
    case 'rmsNorm':
    case 'silu':
      return 4 * width
    case 'rope':
      return 3 * width
    case 'mul':
    case 'add':
      return width
    case 'gather': // moves, and computes nothing
    case 'attention': // depends on the past: attentionCost
      return 0
  }
}

/** The weights that a node reads, with the bytes of each. */
function weightsOf(graph: Graph, node: Node, rows: number): [string, number][] {
  const names = Object.values(references(node)).filter((ref) => Object.hasOwn(graph.weights, ref))
  return names.map((name) => {
    const spec = graph.weights[name]
    const all = byteLength(spec)
    return [name, node.op === 'gather' ? Math.min(all, (all / spec.shape[0]) * rows) : all]
  })
}

/** Nodes with one row for each wanted logit, not for each token. */
function rowwiseNodes(graph: Graph): ReadonlySet<string> {
  const found = new Set(['rows'])
  for (const node of graph.nodes)
    if (Object.values(references(node)).some((ref) => found.has(ref))) found.add(node.name)
  return found
}

/** What the logits and the memory need: without wanted rows, nothing after the last attention. */
function neededNodes(graph: Graph, rows: boolean): Node[] {
  const needed = new Set(rows ? ['logits'] : [])
  for (const node of graph.nodes.toReversed()) {
    if (node.op === 'attention' || needed.has(node.name)) {
      for (const ref of [node.name, ...Object.values(references(node))]) needed.add(ref)
    }
  }
  return graph.nodes.filter(({ name }) => needed.has(name))
}
