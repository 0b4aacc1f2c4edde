import type { Backend, LoadOptions } from './backend.ts'
import { InputError } from './errors.ts'
import { evaluate, type Plan } from './evaluate.ts'
import type { Batch, DrawnRow, Executor, Launched } from './executor.ts'
import type { Graph } from './graph.ts'
import type { Cache } from './cache.ts'
import type { OpTable } from './op-table.ts'
import { afterRows, CachedProgram } from './program.ts'
import { scheduler } from './schedule.ts'
import { inferColumns } from './shapes.ts'
import { byteLength, elements, type Spec, type Tensor } from './tensor.ts'
import type { WeightSource } from './weights.ts'

/**
 * Makes a Backend of a table of ops: the graph is walked node by node, one pass after another. A table that must know the
 * graph before its first weight (where to put what) is given as a function of it.
 */
export function interpreter<V, W, C extends Cache>(
  given: OpTable<V, W, C> | (Pick<Backend, 'name' | 'batchInvariant'> & { open(graph: Graph): OpTable<V, W, C> }),
): Backend {
  return {
    name: given.name,
    batchInvariant: given.batchInvariant,
    async load(graph, source, options = {}) {
      const columns = inferColumns(graph)
      const table = 'open' in given ? given.open(graph) : given
      const weights = await loadWeights(table, graph, source, options)
      const rowwise = afterRows(graph)
      const schedule = scheduler(graph, rowwise)
      return new CachedProgram(graph, columns, executor({ table, graph, columns, weights, rowwise, schedule }))
    },
  }
}

function executor<V, W, C extends Cache>(plan: Plan<V, W, C>): Executor<C> {
  const { table, graph, weights, columns } = plan
  const attentions = graph.nodes.filter((node) => node.op === 'attention')
  const elements = attentions.reduce((sum, { key, value }) => sum + columns.get(key)! + columns.get(value)!, 0)
  const position = elements * table.cacheElement
  const whole = new WeakSet<Launched>()
  let ended: Promise<unknown> = Promise.resolve()
  return {
    cache: () => table.cache(attentions),
    async evaluate(batch) {
      const atOnce = table.whole && (await withTokens(batch, ({ from }) => !whole.has(from)))
      const launched = atOnce && (await table.whole!(atOnce, weights))
      if (launched !== undefined) {
        whole.add(launched)
        const before = ended
        ended = launched.values.catch(() => {}).then(() => before)
        return launched
      }
      await ended
      const values = await evaluate(plan, await withTokens(batch, () => true))
      return { values: Promise.resolve(values) }
    },
    usage(caches) {
      const held = [...weights.values()].reduce((sum, weight) => sum + table.weightBytes(weight), 0)
      const cache = Math.round(caches.reduce((sum, cache) => sum + table.cacheBytes(cache), 0)) // Shared pages come in parts.
      return { weights: held, cache, scratch: 0, position }
    },
    async dispose() {
      for (const weight of weights.values()) table.freeWeight(weight)
      weights.clear()
      table.dispose?.()
    },
  }
}

/** The batch with some of its drawn tokens waited for. */
export async function withTokens<C extends Cache>(
  batch: Batch<C>,
  which: (drawn: DrawnRow) => boolean,
): Promise<Batch<C>> {
  const waited = batch.drawn.filter(which)
  if (waited.length === 0) return batch
  const tokens = batch.tokens.slice()
  for (const { row, from, feed } of waited) tokens[row] = (await from.values).chosen[feed]
  return { ...batch, tokens, drawn: batch.drawn.filter((drawn) => !which(drawn)) }
}

async function loadWeights<V, W, C extends Cache>(
  table: OpTable<V, W, C>,
  graph: Graph,
  source: WeightSource,
  { progress, signal }: LoadOptions,
): Promise<Map<string, W>> {
  const weights = new Map<string, W>()
  const specs = inOrder(graph)
  const total = specs.reduce((sum, [, spec]) => sum + byteLength(spec), 0)
  let loaded = 0
  try {
    for (const [name, spec] of specs) {
      signal?.throwIfAborted()
      weights.set(name, await table.weight(asPromised(await source.read(name), spec, name), name))
      progress?.((loaded += byteLength(spec)), total)
    }
    return weights
  } catch (error) {
    for (const weight of weights.values()) table.freeWeight(weight)
    table.dispose?.()
    throw error
  }
}

/** Scales first: a table may put them into their weights. */
function inOrder({ nodes, weights }: Graph): [string, Spec][] {
  const scales = new Set(nodes.flatMap((node) => (node.op === 'linear' && node.scale !== null ? [node.scale] : [])))
  const entries = Object.entries(weights)
  return [...entries.filter(([name]) => scales.has(name)), ...entries.filter(([name]) => !scales.has(name))]
}

/** The graph was checked against the specs; a source that gives something else would run, and compute nonsense. */
function asPromised(value: Tensor, { dtype, shape }: Spec, name: string): Tensor {
  const same = value.dtype === dtype && value.shape.join() === shape.join() && value.data.length === elements(shape)
  if (same) return value
  const found = `${value.dtype} [${value.shape.join(', ')}] of ${value.data.length} elements`
  throw new InputError(`weight "${name}": expected ${dtype} [${shape.join(', ')}], found ${found}`)
}
