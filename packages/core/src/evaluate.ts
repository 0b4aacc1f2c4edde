import type { Override } from './backend.ts'
import { decode, encode } from './dtype.ts'
import type { Batch, Values } from './executor.ts'
import { patternOf } from './feeds.ts'
import type { Graph, Node } from './graph.ts'
import type { Cache } from './cache.ts'
import type { Breathe, OpTable } from './op-table.ts'
import { candidatesOf, greedy } from './candidates.ts'
import { angles, type Angles } from './rope.ts'
import type { Schedule } from './schedule.ts'
import type { Columns } from './shapes.ts'
import type { Tensor } from './tensor.ts'

/** A graph bound to its weights. */
export interface Plan<V, W, C extends Cache> {
  readonly table: OpTable<V, W, C>
  readonly graph: Graph
  readonly columns: Columns
  readonly weights: Map<string, W>
  /** Nodes whose values have one row for each wanted logit, not for each token. */
  readonly rowwise: ReadonlySet<string>
  /** As `scheduler` makes it. */
  schedule(wanted: ReadonlySet<string>, anyRows: boolean): Schedule
}

/** What the nodes of one pass share. */
interface Context<V, C extends Cache> {
  readonly batch: Batch<C>
  readonly positions: Int32Array
  readonly values: Map<string, V>
  readonly patterns: Map<string, readonly Tensor[]>
  /** One table of angles for all nodes with the same frequencies. */
  readonly angles: Map<readonly number[], Angles>
  readonly breathe: Breathe
}

/** One pass: every node that an output or the memory needs, in order. Values are freed after their last use. */
export async function evaluate<V, W, C extends Cache>(plan: Plan<V, W, C>, batch: Batch<C>): Promise<Values> {
  const { table } = plan
  const context = contextOf<V, C>(batch)
  const wanted = new Set(batch.outputs)
  if (batch.choose !== undefined) wanted.add('logits')
  const { nodes, released } = plan.schedule(wanted, batch.rows.length > 0)
  const outputs = new Map<string, Tensor>()
  try {
    for (const [i, node] of nodes.entries()) {
      const value = await override(table, await compute(plan, node, context, wanted), node.name, batch.overrides)
      context.values.set(node.name, value)
      if (wanted.has(node.name)) outputs.set(node.name, await table.download(value))
      for (const name of released[i]) release(table, context.values, name)
      await context.breathe()
    }
    await table.settle?.()
  } catch (error) {
    // What else went wrong in this pass is none of the next one's business.
    await table.settle?.().catch(() => {})
    throw error
  } finally {
    for (const name of [...context.values.keys()]) release(table, context.values, name)
  }
  for (const name of wanted) {
    // No row was wanted: what depends on rows is empty and was never computed.
    if (plan.rowwise.has(name) && !outputs.has(name)) outputs.set(name, encode('F64', [0, plan.columns.get(name)!], []))
  }
  const { choose } = batch
  const rows = choose === undefined ? [] : lastRows(outputs.get('logits')!, batch.rowCounts)
  const chosen = choose === 'greedy' ? rows.map((row) => (row === null ? -1 : greedy(row))) : []
  const candidates = typeof choose === 'object' ? rows.map((row) => row && candidatesOf(row, choose.topK)) : []
  return { outputs, patterns: context.patterns, chosen, candidates }
}

function contextOf<V, C extends Cache>(batch: Batch<C>): Context<V, C> {
  const positions = batch.spans.flatMap(({ start, from, to }) => Array.from({ length: to - from }, (_, t) => start + t))
  return {
    batch,
    positions: Int32Array.from(positions),
    values: new Map(),
    patterns: new Map(),
    angles: new Map(),
    breathe: breather(batch.signal),
  }
}

async function compute<V, W, C extends Cache>(
  { table, graph, weights }: Plan<V, W, C>,
  node: Node,
  context: Context<V, C>,
  wanted: ReadonlySet<string>,
): Promise<V> {
  const { breathe } = context
  const { spans, rows, tokens } = context.batch
  const value = (ref: string): V => context.values.get(ref)!
  const weight = (ref: string): W => weights.get(ref)!
  switch (node.op) {
    case 'gather': {
      const ids = node.rows === 'tokens' ? tokens : rows
      const known = context.values.get(node.table)
      return known === undefined ? table.lookup(ids, weight(node.table), breathe) : table.gather(ids, known, breathe)
    }
    case 'rmsNorm':
      return table.rmsNorm(value(node.x), weight(node.weight), node.epsilon, breathe)
    case 'linear': {
      const scale = node.scale === null ? null : weight(node.scale)
      const bias = node.bias === null ? null : weight(node.bias)
      return table.linear(value(node.x), weight(node.weight), scale, bias, breathe)
    }
    case 'rope': {
      let turned = context.angles.get(node.frequencies)
      if (turned === undefined) {
        turned = angles(context.positions, node.frequencies)
        context.angles.set(node.frequencies, turned)
      }
      return table.rope(value(node.x), node.heads, turned, breathe)
    }
    case 'attention': {
      const inputs = { query: value(node.query), key: value(node.key), value: value(node.value) }
      const asked = [...wanted].find((name) => patternOf(graph, name) === node.name)
      const result = await table.attention(node, inputs, spans, asked !== undefined, breathe)
      if (asked !== undefined) context.patterns.set(asked, result.pattern!)
      return result.value
    }
    case 'silu':
      return table.silu(value(node.x), breathe)
    case 'mul':
      return table.mul(value(node.a), value(node.b), breathe)
    case 'add':
      return table.add(value(node.a), value(node.b), breathe)
  }
}

/** A value with the rows of its overrides put in; the value itself where there are none. */
async function override<V, W, C extends Cache>(
  table: OpTable<V, W, C>,
  value: V,
  name: string,
  overrides: readonly Override[],
): Promise<V> {
  const mine = overrides.filter(({ node }) => node === name)
  if (mine.length === 0) return value
  const before = await taken(table, value)
  const patched = decode(before)
  const columns = before.shape[1]
  for (const { rows, value } of mine) {
    const replacement = decode(value)
    const targets = rows ?? Int32Array.from({ length: before.shape[0] }, (_, row) => row)
    targets.forEach((row, i) => patched.set(replacement.subarray(i * columns, (i + 1) * columns), row * columns))
  }
  return table.upload(encode(before.dtype === 'F64' ? 'F64' : 'F32', before.shape, patched))
}

/** A value as a tensor of the host; whether that fails or not, the value is freed. */
async function taken<V, W, C extends Cache>(table: OpTable<V, W, C>, value: V): Promise<Tensor> {
  try {
    return await table.download(value)
  } finally {
    table.free(value)
  }
}

function release<V, W, C extends Cache>(table: OpTable<V, W, C>, values: Map<string, V>, name: string): void {
  const value = values.get(name)
  if (value === undefined) return
  table.free(value)
  values.delete(name)
}

/** Logits [R, V] → the last wanted row of each feed; null for one that has none. Throws where one has a NaN. */
function lastRows(logits: Tensor, rowCounts: readonly number[]): (Float64Array | null)[] {
  const V = logits.shape[1]
  let end = 0
  return rowCounts.map((count) => {
    end += count
    if (count === 0) return null
    const row = decode({ ...logits, shape: [V], data: logits.data.subarray((end - 1) * V, end * V) } as Tensor)
    const bad = row.findIndex(Number.isNaN)
    if (bad >= 0) throw new Error(`logits: the value of token ${bad} is not a number`)
    return row
  })
}

/** Longest stretch of work, in milliseconds, before the host gets its turn. */
const stretch = 100

function breather(signal: AbortSignal | undefined): Breathe {
  let last = performance.now()
  return () => {
    signal?.throwIfAborted()
    if (performance.now() - last < stretch) return undefined
    return new Promise((resolve) => setTimeout(resolve)).then(() => {
      signal?.throwIfAborted()
      last = performance.now()
    })
  }
}
