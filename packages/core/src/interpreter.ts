import type { Backend, Drawn, Feed, LoadOptions, Pass, Program, SubmitOptions, Usage } from './backend.ts'
import { InputError } from './errors.ts'
import { evaluate, type Plan, type Values } from './evaluate.ts'
import { checkOptions, place, type Placed } from './feeds.ts'
import { references, type Graph, type NodeOf } from './graph.ts'
import type { Cache, OpTable } from './op-table.ts'
import { CachedSequence, type Owner } from './sequence.ts'
import { inferColumns } from './shapes.ts'
import { byteLength, tensor, type Range, type Tensor } from './tensor.ts'
import type { WeightSource } from './weights.ts'

/** Makes a Backend of a table of ops: the graph is walked node by node, one pass after another. */
export function interpreter<V, W, C extends Cache>(table: OpTable<V, W, C>): Backend {
  return {
    name: table.name,
    batchInvariant: table.batchInvariant,
    async load(graph, source, options = {}) {
      const columns = inferColumns(graph)
      const weights = await loadWeights(table, graph, source, options)
      return new InterpretedProgram({ table, graph, columns, weights, rowwise: afterRows(graph) })
    },
  }
}

/** Nodes that come after the choice of rows: their values have one row for each wanted logit, not for each token. */
function afterRows(graph: Graph): ReadonlySet<string> {
  const found = new Set(['rows'])
  for (const node of graph.nodes)
    if (Object.values(references(node)).some((ref) => found.has(ref))) found.add(node.name)
  return found
}

async function loadWeights<V, W, C extends Cache>(
  table: OpTable<V, W, C>,
  graph: Graph,
  source: WeightSource,
  { progress, signal }: LoadOptions,
): Promise<Map<string, W>> {
  const weights = new Map<string, W>()
  const specs = Object.entries(graph.weights)
  const total = specs.reduce((sum, [, spec]) => sum + byteLength(spec), 0)
  let loaded = 0
  try {
    for (const [name, spec] of specs) {
      signal?.throwIfAborted()
      weights.set(name, await table.weight(await source.read(name), name))
      progress?.((loaded += byteLength(spec)), total)
    }
    return weights
  } catch (error) {
    for (const weight of weights.values()) table.freeWeight(weight)
    throw error
  }
}

class InterpretedProgram<V, W, C extends Cache> implements Program, Owner<C> {
  readonly graph: Graph
  readonly #plan: Plan<V, W, C>
  readonly #vocabulary: number
  readonly #attentions: readonly NodeOf<'attention'>[]
  readonly #window: number | null
  readonly #sequences = new Set<CachedSequence<C>>()
  #queue: Promise<unknown> = Promise.resolve()
  #disposed = false

  constructor(plan: Plan<V, W, C>) {
    this.graph = plan.graph
    this.#plan = plan
    this.#vocabulary = vocabularyOf(plan.graph)
    this.#attentions = plan.graph.nodes.filter((node) => node.op === 'attention')
    const windows = this.#attentions.map(({ window }) => window ?? Infinity)
    const widest = Math.max(0, ...windows)
    this.#window = widest > 0 && widest < Infinity ? widest : null
  }

  open(capacity: number): CachedSequence<C> {
    this.#checkUsable()
    if (!Number.isSafeInteger(capacity) || capacity < 1) {
      throw new InputError(`open: capacity is ${capacity}, expected a positive integer`)
    }
    return new CachedSequence(capacity, this.#window, this, this.#plan.table.cache(this.#attentions))
  }

  submit(feeds: readonly Feed[], options: SubmitOptions = {}): Pass {
    this.#checkUsable()
    const placed = place(feeds, this.#vocabulary, this.#sequences)
    checkOptions(options, this.#plan, placed)
    const firsts = placed.map(({ sequence, T }) => sequence.advance(T))
    const values = this.#append(async () => {
      try {
        return await this.#evaluate(placed, firsts, options)
      } catch (error) {
        for (const { sequence, start } of placed) sequence.poison(start, error)
        throw error
      }
    })
    return new InterpretedPass(values, placed, options, this.#plan)
  }

  async #evaluate(placed: readonly Placed<C>[], firsts: readonly number[], options: SubmitOptions): Promise<Values> {
    options.signal?.throwIfAborted()
    for (const { sequence } of placed) if (sequence.failure !== undefined) throw sequence.failure
    const values = await evaluate(this.#plan, placed, options)
    placed.forEach(({ sequence, start, T }, i) => sequence.cache.keep(firsts[i], start + T))
    return values
  }

  usage(): Usage {
    const { table, weights } = this.#plan
    let held = 0
    for (const weight of weights.values()) held += table.weightBytes(weight)
    let cache = 0
    for (const sequence of this.#sequences) cache += sequence.bytes
    return { weights: held, cache, scratch: 0 }
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return
    this.#disposed = true
    await this.#append(async () => {
      for (const weight of this.#plan.weights.values()) this.#plan.table.freeWeight(weight)
      this.#plan.weights.clear()
    })
  }

  enqueue(job: () => void): void {
    void this.#append(async () => job())
  }

  adopt(sequence: CachedSequence<C>): void {
    this.#sequences.add(sequence)
  }

  forget(sequence: CachedSequence<C>): void {
    this.#sequences.delete(sequence)
  }

  /** Runs a job after all earlier ones, whether they failed or not. */
  #append<R>(job: () => Promise<R>): Promise<R> {
    const result = this.#queue.then(job)
    this.#queue = result.catch(() => {})
    return result
  }

  #checkUsable(): void {
    if (this.#disposed) throw new InputError('the program is disposed')
  }
}

/** Rows of the table that token ids select. */
function vocabularyOf(graph: Graph): number {
  const tables = graph.nodes.flatMap((node) =>
    node.op === 'gather' && node.rows === 'tokens' ? [graph.weights[node.table].shape[0]] : [],
  )
  return Math.min(...tables)
}

class InterpretedPass<C extends Cache> implements Pass {
  readonly drawn: readonly Drawn[]
  readonly done: Promise<void>
  readonly #values: Promise<Values>
  readonly #placed: readonly Placed<C>[]
  readonly #rowwise: ReadonlySet<string>

  constructor(
    values: Promise<Values>,
    placed: readonly Placed<C>[],
    options: SubmitOptions,
    { rowwise }: { readonly rowwise: ReadonlySet<string> },
  ) {
    this.#values = values
    this.#placed = placed
    this.#rowwise = rowwise
    this.done = values.then(() => {})
    const drawn = placed.map((_, feed) => ({ token: values.then((all) => all.chosen[feed]) }))
    this.drawn = options.choose === undefined ? [] : drawn
    // A caller may look at `done` alone: a failure must not also surface as an unhandled rejection.
    for (const promise of [values, this.done, ...drawn.map(({ token }) => token)]) promise.catch(() => {})
  }

  async read(name: string, feed?: number): Promise<Tensor> {
    const { outputs, patterns } = await this.#values
    if (feed !== undefined && this.#placed[feed] === undefined) {
      throw new InputError(`read "${name}": the pass has ${this.#placed.length} feeds, not a feed ${feed}`)
    }
    const pattern = patterns.get(name)
    if (pattern !== undefined) return this.#pattern(name, pattern, feed)
    const value = outputs.get(name)
    if (value === undefined) throw new InputError(`read "${name}": it is not among the outputs of the pass`)
    return feed === undefined ? value : rowsOf(value, this.#rowsOf(name, feed))
  }

  #pattern(name: string, patterns: readonly Tensor[], feed: number | undefined): Tensor {
    if (feed === undefined && patterns.length > 1) {
      throw new InputError(`read "${name}": the pass has ${patterns.length} feeds; say which`)
    }
    return patterns[feed ?? 0]
  }

  #rowsOf(name: string, feed: number): Range {
    if (!this.#rowwise.has(name))
      return { from: this.#placed[feed].from, to: this.#placed[feed].from + this.#placed[feed].T }
    const counts = this.#placed.map(({ rows }) => rows.length)
    const from = counts.slice(0, feed).reduce((a, b) => a + b, 0)
    return { from, to: from + counts[feed] }
  }
}

/** Some rows of a tensor [rows, columns], as a view. */
function rowsOf(value: Tensor, { from, to }: Range): Tensor {
  const [, columns] = value.shape
  return tensor(value.dtype, [to - from, columns], value.data.subarray(from * columns, to * columns))
}
