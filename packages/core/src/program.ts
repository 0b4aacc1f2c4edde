import { ActivationLookup } from './activation-lookup.ts'
import type { Candidates, Drawn, Feed, Pass, Program, SubmitOptions, Usage } from './backend.ts'
import { InputError } from './errors.ts'
import type { Batch, DrawnRow, Executor, Launched, Values } from './executor.ts'
import { checkOptions, nameOptions, place, type Known, type Placed } from './feeds.ts'
import { references, type Graph } from './graph.ts'
import type { Cache } from './cache.ts'
import { Pipeline } from './pipeline.ts'
import { CachedSequence, type Owner } from './sequence.ts'
import type { Columns } from './shapes.ts'
import { tensor, type Range, type Tensor } from './tensor.ts'

/** How far a pass has come. */
interface Stage {
  /** From its launch until it has settled. */
  underWay: Launched | undefined
}

interface Source {
  readonly stage: Stage
  readonly feed: number
}

/** Nodes that come after the choice of rows: their values have one row for each wanted logit, not for each token. */
export function afterRows(graph: Graph): ReadonlySet<string> {
  const found = new Set(['rows'])
  for (const node of graph.nodes)
    if (Object.values(references(node)).some((ref) => found.has(ref))) found.add(node.name)
  return found
}

/**
 * The bookkeeping that all programs share: checks feeds, moves lengths at submit, launches passes and changes the
 * caches one after another, and poisons what a failed pass touched. An executor computes.
 */
export class CachedProgram<C extends Cache> implements Program, Owner<C> {
  readonly graph: Graph
  readonly #executor: Executor<C>
  readonly #known: Known
  readonly #lookup: ActivationLookup
  readonly #vocabulary: number
  readonly #window: number | null
  readonly #sequences = new Set<CachedSequence<C>>()
  readonly #pipeline = new Pipeline()
  /** Where the token of each comes from, which was drawn by a pass of this program. */
  readonly #sources = new WeakMap<Drawn, Source>()
  #disposed = false

  constructor(graph: Graph, columns: Columns, executor: Executor<C>) {
    this.graph = graph
    this.#executor = executor
    this.#known = { columns, rowwise: afterRows(graph) }
    this.#lookup = new ActivationLookup(graph)
    this.#vocabulary = vocabularyOf(graph)
    this.#window = widestWindow(graph)
  }

  open(capacity: number): CachedSequence<C> {
    this.#checkUsable()
    if (!Number.isSafeInteger(capacity) || capacity < 1) {
      throw new InputError(`open: capacity is ${capacity}, expected a positive integer`)
    }
    return new CachedSequence(capacity, this.#window, this, this.#executor.cache())
  }

  submit(feeds: readonly Feed[], asked: SubmitOptions = {}): Pass {
    this.#checkUsable()
    const placed = place(feeds, this.#vocabulary, this.#sequences)
    const options = nameOptions(asked, this.#lookup)
    checkOptions(options, this.#known, placed)
    const firsts = placed.map(({ sequence, T }) => sequence.advance(T))
    const stage: Stage = { underWay: undefined }
    const values = this.#pipeline.pass(
      async () => (stage.underWay = await this.#launch(placed, firsts, options)),
      (launched) => this.#settle(launched, placed, options).finally(() => (stage.underWay = undefined)),
    )
    const pass = new CachedPass(values, placed, options, this.#known.rowwise, this.#lookup)
    pass.drawn.forEach((drawn, feed) => {
      if (placed[feed].rows.length > 0) this.#sources.set(drawn, { stage, feed })
    })
    return pass
  }

  async #launch(placed: readonly Placed<C>[], firsts: readonly number[], options: SubmitOptions): Promise<Launched> {
    checkUndisturbed(placed, options)
    const launched = await this.#executor.evaluate(await this.#batchOf(placed, options))
    try {
      // What is let go of here is written by later passes only, which the device comes to later.
      placed.forEach(({ sequence, start, T }, i) => sequence.cache.keep(firsts[i], start + T))
    } catch (error) {
      await launched.values.catch(() => {})
      throw error
    }
    launched.values.catch(() => {}) // Those before it are looked at first.
    return launched
  }

  /** The values of a pass, unless it or what it goes on from has failed. Its turn comes when those before it have settled. */
  async #settle(launched: Launched, placed: readonly Placed<C>[], options: SubmitOptions): Promise<Values> {
    try {
      await launched.values.catch(() => {}) // Nothing of it may be under way when it fails for another reason.
      checkUndisturbed(placed, options)
      for (const { tokens } of placed) if (!(tokens instanceof Int32Array)) await tokens.token
      return await launched.values
    } catch (error) {
      for (const { sequence, start } of placed) sequence.poison(start, error)
      throw error
    }
  }

  /** Lays all feeds out in one batch; a drawn token is waited for, unless the pass that draws it is under way. */
  async #batchOf(placed: readonly Placed<C>[], options: SubmitOptions): Promise<Batch<C>> {
    const tokens = new Int32Array(placed.reduce((sum, { T }) => sum + T, 0))
    const drawn: DrawnRow[] = []
    for (const { tokens: fed, from } of placed) {
      if (fed instanceof Int32Array) {
        tokens.set(fed, from)
        continue
      }
      const { stage, feed } = this.#sources.get(fed) ?? {}
      if (stage?.underWay !== undefined) drawn.push({ row: from, from: stage.underWay, feed: feed! })
      else tokens[from] = await fed.token
    }
    return {
      tokens,
      drawn,
      rows: Int32Array.from(placed.flatMap(({ rows }) => [...rows])),
      rowCounts: placed.map(({ rows }) => rows.length),
      spans: placed.map(({ sequence, start, from, T }) => ({ cache: sequence.cache, start, from, to: from + T })),
      outputs: options.outputs ?? ['logits'],
      overrides: options.overrides ?? [],
      choose: options.choose,
      signal: options.signal,
    }
  }

  usage(): Usage {
    return this.#executor.usage([...this.#sequences].flatMap((sequence) => sequence.ready ?? []))
  }

  async dispose(): Promise<void> {
    if (this.#disposed) return
    this.#disposed = true
    await this.#pipeline.alone(() => {
      // On a device nobody else would ever free what sequences left open hold.
      for (const { ready } of this.#sequences) ready?.close()
      this.#sequences.clear()
      return this.#executor.dispose()
    })
  }

  enqueue(job: () => void): void {
    void this.#pipeline.alone(job)
  }

  adopt(sequence: CachedSequence<C>): void {
    this.#sequences.add(sequence)
  }

  forget(sequence: CachedSequence<C>): void {
    this.#sequences.delete(sequence)
  }

  #checkUsable(): void {
    if (this.#disposed) throw new InputError('the program is disposed')
  }
}

/** The largest window of a graph's attention nodes; null when one of them sees everything, or there is none. */
export function widestWindow(graph: Graph): number | null {
  const windows = graph.nodes.flatMap((node) => (node.op === 'attention' ? [node.window ?? Infinity] : []))
  const widest = Math.max(0, ...windows)
  return widest > 0 && widest < Infinity ? widest : null
}

/** Rows of the table that token ids select. */
export function vocabularyOf(graph: Graph): number {
  const tables = graph.nodes.flatMap((node) =>
    node.op === 'gather' && node.rows === 'tokens' ? [graph.weights[node.table].shape[0]] : [],
  )
  return Math.min(...tables)
}

/** Throws what stops a pass, now or when its values are there. */
function checkUndisturbed<C extends Cache>(placed: readonly Placed<C>[], { signal }: SubmitOptions): void {
  signal?.throwIfAborted()
  for (const { sequence } of placed) if (sequence.failure !== undefined) throw sequence.failure
}

class CachedPass<C extends Cache> implements Pass {
  readonly drawn: readonly Drawn[]
  readonly done: Promise<void>
  readonly #values: Promise<Values>
  readonly #placed: readonly Placed<C>[]
  readonly #rowwise: ReadonlySet<string>
  readonly #lookup: ActivationLookup

  constructor(
    values: Promise<Values>,
    placed: readonly Placed<C>[],
    options: SubmitOptions,
    rowwise: ReadonlySet<string>,
    lookup: ActivationLookup,
  ) {
    this.#values = values
    this.#placed = placed
    this.#rowwise = rowwise
    this.#lookup = lookup
    this.done = values.then(() => {})
    const drawn = placed.map((_, feed) => ({ token: values.then(({ chosen }) => drawnToken(chosen[feed], feed)) }))
    this.drawn = options.choose === 'greedy' ? drawn : []
    // A caller may look at `done` alone: a failure must not also surface as an unhandled rejection.
    for (const promise of [values, this.done, ...drawn.map(({ token }) => token)]) promise.catch(() => {})
  }

  async candidates(feed: number): Promise<Candidates> {
    const found = (await this.#values).candidates[feed]
    if (found) return found
    throw new InputError(
      `feed ${feed}: there are no candidates, for none were asked for or no logits of it were wanted`,
    )
  }

  async read(asked: string, feed?: number): Promise<Tensor> {
    const { outputs, patterns } = await this.#values
    const { name } = this.#lookup.find(asked, 'read')
    if (feed !== undefined && this.#placed[feed] === undefined) {
      throw new InputError(`read "${asked}": the pass has ${this.#placed.length} feeds, not a feed ${feed}`)
    }
    const pattern = patterns.get(name)
    if (pattern !== undefined) return this.#pattern(asked, pattern, feed)
    const value = outputs.get(name)
    if (value === undefined) throw new InputError(`read "${asked}": it is not among the outputs of the pass`)
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

function drawnToken(token: number, feed: number): number {
  if (token >= 0) return token
  throw new InputError(`feed ${feed}: no token was drawn, for no logits of it were wanted`)
}

/** Some rows of a tensor [rows, columns], as a view. */
function rowsOf(value: Tensor, { from, to }: Range): Tensor {
  const [, columns] = value.shape
  return tensor(value.dtype, [to - from, columns], value.data.subarray(from * columns, to * columns))
}
