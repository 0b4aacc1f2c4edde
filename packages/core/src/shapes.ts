import { InputError } from './errors.ts'
import { blockCounts, inputs, references, type Graph, type Node } from './graph.ts'
import type { Spec } from './tensor.ts'

/** The number of columns of every node's value. Rows vary from pass to pass and are not part of the graph. */
export type Columns = ReadonlyMap<string, number>

/**
 * Infers the columns of every node; the one place where a graph is refused. Throws InputError naming the node, what it
 * expected and what it found.
 */
export function inferColumns(graph: Graph): Columns {
  const columns = new Map<string, number>()
  const rowwise = new Set<string>()
  const taken = inputs.find((name) => Object.hasOwn(graph.weights, name))
  if (taken !== undefined) throw new InputError(`graph: a weight is named "${taken}", which is reserved for an input`)
  for (const node of graph.nodes) {
    const complain = (message: string): never => {
      throw new InputError(`${node.op} "${node.name}": ${message}`)
    }
    if (columns.has(node.name) || Object.hasOwn(graph.weights, node.name)) complain('the name is taken')
    if ((inputs as readonly string[]).includes(node.name)) complain('the name is reserved for an input')
    const width = columnsOf(node, graph, columns, complain)
    if (hasWantedRows(node, columns, rowwise, complain)) rowwise.add(node.name)
    columns.set(node.name, width)
  }
  if (!graph.nodes.some((node) => node.op === 'gather' && node.rows === 'tokens')) {
    throw new InputError('graph: no node gathers "tokens"')
  }
  if (!columns.has('logits')) throw new InputError('graph: no node is named "logits"')
  return columns
}

type Complain = (message: string) => never

function columnsOf(node: Node, graph: Graph, known: Columns, complain: Complain): number {
  const refs = references(node) ?? complain('the op is unknown')
  const weight = (argument: string): Spec => {
    const spec = Object.hasOwn(graph.weights, refs[argument]) ? graph.weights[refs[argument]] : undefined
    return spec ?? complain(`${argument} "${refs[argument]}" is not a weight of the graph`)
  }
  const value = (argument: string): number =>
    known.get(refs[argument]) ?? complain(`${argument} "${refs[argument]}" is not a node before this one`)
  const equal = (what: string, found: readonly number[], expected: readonly number[]) => {
    if (found.join() !== expected.join())
      complain(`${what} is [${found.join(', ')}], expected [${expected.join(', ')}]`)
  }
  switch (node.op) {
    case 'gather': {
      if (!(inputs as readonly string[]).includes(node.rows)) complain(`rows "${node.rows}" is not an input`)
      if (known.has(node.table)) return value('table')
      const { shape } = weight('table')
      return shape.length === 2 ? shape[1] : complain(`table is [${shape.join(', ')}], expected two dimensions`)
    }
    case 'rmsNorm': {
      const width = value('x')
      equal('weight', weight('weight').shape, [width])
      if (!(node.epsilon >= 0)) complain(`epsilon is ${node.epsilon}, expected a number ≥ 0`)
      return width
    }
    case 'linear': {
      const { shape } = weight('weight')
      const rows = shape[0] ?? 0
      equal('weight', shape, [rows, value('x')])
      if (node.bias !== null) equal('bias', weight('bias').shape, [rows])
      if (node.scale !== null) checkScale(weight('scale').shape, shape, complain)
      return rows
    }
    case 'rope': {
      const width = value('x')
      checkHeads(node.heads, 'heads', complain)
      if (!Array.isArray(node.frequencies) || !node.frequencies.every(Number.isFinite))
        complain('frequencies are not finite numbers')
      const rotated = node.heads * node.frequencies.length * 2
      if (width !== rotated) complain(`x has ${width} columns, but ${node.heads} heads rotate ${rotated}`)
      return width
    }
    case 'attention': {
      const { heads, kvHeads, window } = node
      const width = value('query')
      checkHeads(heads, 'heads', complain)
      checkHeads(kvHeads, 'kvHeads', complain)
      if (!Number.isInteger(width / heads)) complain(`query has ${width} columns, not a multiple of ${heads} heads`)
      if (heads % kvHeads !== 0) complain(`${heads} heads cannot share ${kvHeads} key-value heads`)
      equal('key', [value('key')], [(width / heads) * kvHeads])
      equal('value', [value('value')], [(width / heads) * kvHeads])
      if (window !== null && !(Number.isInteger(window) && window > 0)) complain(`window is ${window}, expected ≥ 1`)
      return width
    }
    case 'silu':
      return value('x')
    case 'mul':
    case 'add':
      equal('b', [value('b')], [value('a')])
      return value('a')
  }
}

/**
 * Whether a node has one row for each wanted logit, rather than for each token. The two kinds do not mix, and ops that
 * know positions need all tokens.
 */
function hasWantedRows(node: Node, known: Columns, rowwise: ReadonlySet<string>, complain: Complain): boolean {
  const values = Object.values(references(node)).filter((ref) => known.has(ref))
  const wanted = values.filter((ref) => rowwise.has(ref))
  if (node.op === 'gather') {
    if (node.rows === 'tokens' && values.length > 0)
      complain(`token ids select from a weight, not from "${node.table}"`)
    if (node.rows === 'rows' && values.length === 0) complain(`rows select from a node, not from "${node.table}"`)
    if (wanted.length > 0) complain(`"${node.table}" has the wanted rows already`)
    return node.rows === 'rows'
  }
  if (wanted.length === 0) return false
  if (wanted.length < values.length) complain(`"${wanted[0]}" has the wanted rows only, the other value all tokens`)
  if (node.op === 'rope' || node.op === 'attention')
    complain(`"${wanted[0]}" has the wanted rows only, expected all tokens`)
  return true
}

function checkHeads(count: number, what: string, complain: Complain): void {
  if (!(Number.isInteger(count) && count > 0)) complain(`${what} is ${count}, expected an integer ≥ 1`)
}

/** Scales are [1] per tensor, [N] per row, or [⌈N/128⌉, ⌈K/128⌉] per block. */
function checkScale(scale: readonly number[], weight: readonly number[], complain: Complain): void {
  const accepted = [[1], [weight[0]], blockCounts(weight)]
  if (!accepted.some((shape) => shape.join() === scale.join())) {
    complain(`scale is [${scale.join(', ')}], expected ${accepted.map((s) => `[${s.join(', ')}]`).join(' or ')}`)
  }
}
