import { decode, InputError, type Graph, type Node, type Tensor, type WeightSource } from '@tramontane/core'
import { attention } from './attention.ts'
import { linear } from './linear.ts'
import { matrixOf, type Matrix } from './matrix.ts'
import { add, gather, mul, rmsNorm, rope, silu } from './pointwise.ts'
import { withJudge, type Precision } from './precision.ts'
import { judge, type Expected, type Verdict } from './verdict.ts'

/** What a backend computed for one sequence from its first token on: see `captures`. */
export interface Captures {
  readonly tokens: Int32Array
  /** Indices of the tokens whose logits were asked for. */
  readonly rows: Int32Array
  /** Values by node name, [T, C], and patterns [H, T, T] under `NODE.pattern`. */
  readonly values: ReadonlyMap<string, Tensor>
}

/**
 * T1: every node of the graph is computed again in double precision, from the values that the backend itself had at its
 * inputs, and what the backend made of them must lie within the bound of its declared precision, element by element.
 * Gives the worst element of each node in graph order (and of each captured pattern). Throws InputError for a value that
 * was not captured.
 */
export async function localBounds(
  graph: Graph,
  weights: WeightSource,
  captures: Captures,
  precision: Precision,
): Promise<Verdict[]> {
  const verdicts: Verdict[] = []
  for (const node of graph.nodes) verdicts.push(...(await checkNode(node, weights, captures, precision)))
  return verdicts
}

/** T1 of one node; an attention node has a second verdict where its pattern was captured. */
export async function checkNode(
  node: Node,
  weights: WeightSource,
  captures: Captures,
  precision: Precision,
): Promise<Verdict[]> {
  const expected = await expectations(node, weights, captures, precision)
  return [...expected].map(([name, value]) => judge(name, valueOf(captures, name), value))
}

/** What a node should have given for what it was given, with bounds; also its pattern where that was captured. */
export async function expectations(
  node: Node,
  weights: WeightSource,
  captures: Captures,
  precision: Precision,
): Promise<Map<string, Expected>> {
  const p = withJudge(precision)
  if (node.op !== 'attention') return new Map([[node.name, await expected(node, weights, captures, p)]])
  const value = (name: string): Matrix => matrixOf(name, valueOf(captures, name))
  const { mixed, pattern } = attention(node, value(node.query), value(node.key), value(node.value), p)
  const name = `${node.name}.pattern`
  return new Map([...(captures.values.has(name) ? [[name, pattern] as const] : []), [node.name, mixed]])
}

function valueOf({ values }: Captures, name: string): Tensor {
  const value = values.get(name)
  if (value === undefined) throw new InputError(`captures: no value of "${name}"`)
  return value
}

async function expected(
  node: Exclude<Node, { op: 'attention' }>,
  weights: WeightSource,
  captures: Captures,
  p: Precision,
): Promise<Expected> {
  const value = (name: string): Matrix => matrixOf(name, valueOf(captures, name))
  switch (node.op) {
    case 'gather':
      return picked(node.rows === 'tokens' ? captures.tokens : captures.rows, node.table, weights, captures, p)
    case 'rmsNorm':
      return rmsNorm(value(node.x), decode(await weights.read(node.weight)), node.epsilon, p)
    case 'linear': {
      const weight = await weights.read(node.weight)
      const scale = node.scale === null ? null : await weights.read(node.scale)
      const bias = node.bias === null ? null : await weights.read(node.bias)
      return linear(value(node.x), { weight, scale, bias }, p)
    }
    case 'rope':
      return rope(value(node.x), node.heads, node.frequencies, p)
    case 'silu':
      return silu(value(node.x), p)
    case 'mul':
      return mul(value(node.a), value(node.b), p)
    case 'add':
      return add(value(node.a), value(node.b), p)
  }
}

/** Rows of a captured value or of a weight, of which only these are read. */
async function picked(
  rows: Int32Array,
  table: string,
  weights: WeightSource,
  captures: Captures,
  p: Precision,
): Promise<Expected> {
  const known = captures.values.get(table)
  const columns = (known ?? weights.specs.get(table)!).shape[1]
  const out: Matrix = { rows: rows.length, columns, data: new Float64Array(rows.length * columns) }
  const from = known === undefined ? null : matrixOf(table, known)
  for (const [i, row] of rows.entries()) {
    const source =
      from === null
        ? decode(await weights.read(table, { from: row, to: row + 1 }))
        : from.data.subarray(row * columns, (row + 1) * columns)
    out.data.set(source, i * columns)
  }
  // A table of doubles is rounded on the way into a smaller format; all other types are held exactly.
  return gather(out, known === undefined && weights.specs.get(table)!.dtype === 'F64', p)
}
