import { elements, type Graph } from '@tramontane/core'

/** How the nodes of a graph use one weight. */
export interface Role {
  table: boolean
  /** Of a linear; `byBlock`: with a scale per block; `resident`: it has room on the device. */
  matrix: boolean
  byBlock: boolean
  /** The scale of a linear's weight, per tensor or per row, where every linear that has the weight has this scale too. */
  scale: string | null
  resident: boolean
  /** Norm or bias. */
  vector: boolean
  /** Rows of the weight whose scale it is. */
  scaleOf: number | undefined
}

/** The roles of all weights. Matrices are resident in the order of the graph, as long as `room` bytes last. */
export function rolesOf(graph: Graph, room: number, elementBytes: number): ReadonlyMap<string, Role> {
  const roles = new Map(
    Object.keys(graph.weights).map((name): [string, Role] => [
      name,
      { table: false, matrix: false, byBlock: false, scale: null, resident: false, vector: false, scaleOf: undefined },
    ]),
  )
  for (const node of graph.nodes) {
    if (node.op === 'gather' && roles.has(node.table)) roles.get(node.table)!.table = true
    if (node.op === 'rmsNorm') roles.get(node.weight)!.vector = true
    if (node.op !== 'linear') continue
    const role = roles.get(node.weight)!
    role.scale = role.matrix && role.scale !== node.scale ? null : node.scale
    role.matrix = true
    if (node.bias !== null) roles.get(node.bias)!.vector = true
    if (node.scale === null) continue
    roles.get(node.scale)!.scaleOf = graph.weights[node.weight].shape[0]
    if (graph.weights[node.scale].shape.length === 2) role.byBlock = true
  }
  for (const role of roles.values()) if (role.byBlock) role.scale = null
  let left = room
  for (const [name, role] of roles) {
    const bytes = role.matrix ? elements(graph.weights[name].shape) * elementBytes : 0
    role.resident = bytes <= left
    if (role.resident) left -= bytes
  }
  return roles
}
