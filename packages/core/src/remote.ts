import type { Backend, Drawn, Feed, LoadOptions, Pass, Program, Sequence, Usage } from './backend.ts'
import { channel, moved, type Channel, type Moved, type Port } from './channel.ts'
import { InputError } from './errors.ts'
import type { Batch, Executor, Launched, Values } from './executor.ts'
import { patternOf } from './feeds.ts'
import type { Graph } from './graph.ts'
import type { Cache } from './cache.ts'
import { CachedProgram } from './program.ts'
import { inferColumns } from './shapes.ts'
import { elements, type Range, type Spec, type Tensor } from './tensor.ts'
import type { WeightSource } from './weights.ts'

/** What crosses for one pass. A signal cannot: aborting is a call of its own. */
type Order = Omit<Batch<Cache>, 'spans' | 'signal' | 'drawn'> & {
  readonly pass: number
  readonly spans: readonly { readonly sequence: number; readonly from: number; readonly to: number }[]
  /** Rows of `tokens` that passes draw which are still held over there. */
  readonly drawn: readonly { readonly row: number; readonly pass: number; readonly feed: number }[]
}

interface Report extends Values {
  readonly usage: Usage
}

/** A backend elsewhere, and what it takes to give it up: its passes, those under way too, then fail with `reason`. */
export interface RemoteBackend extends Backend {
  /** Given up here, or lost over there. */
  readonly lost: Promise<Error>
  close(reason?: Error): void
}

/**
 * A backend that runs at the other end of a port, in a worker, so that computing on the CPU does not stop this thread.
 * `serve` must be listening there. Weights are read here and sent over, tensor by tensor, without a copy: a tensor that
 * `weights.read` gives in a buffer of its own is given away, and is empty here afterwards.
 */
export async function remote(port: Port): Promise<RemoteBackend> {
  let source: WeightSource | undefined
  let progress: LoadOptions['progress']
  let lose!: (reason: Error) => void
  const lost = new Promise<Error>((resolve) => (lose = resolve))
  const close = (reason = new Error('the backend was given up')): void => {
    link.close(reason)
    lose(reason)
  }
  const link = channel(port, {
    // Passes under way may not know yet, or never.
    lost: (message: string) => close(new Error(message)),
    read: async ({ name, rows }: { name: string; rows?: Range }) => given(await source!.read(name, rows), name),
    progress: ([loaded, total]: [number, number]) => progress?.(loaded, total),
  })
  const { name, batchInvariant } = (await link.call('describe')) as Pick<Backend, 'name' | 'batchInvariant'>
  return {
    name,
    batchInvariant,
    lost,
    close,
    async load(graph, weights, options = {}) {
      const columns = inferColumns(graph)
      source = weights
      progress = options.progress
      const usage = (await link.call('load', { graph, specs: weights.specs })) as Usage
      return new CachedProgram(graph, columns, new RemoteExecutor(link, usage))
    },
  }
}

/** Two copies of the largest weights would cost more than all else around the model. */
function given(tensor: Tensor, name: string): Moved | Tensor {
  const { length } = tensor.data
  // What is sent without its memory never arrives, in Node without an error.
  if (length !== elements(tensor.shape)) {
    const found = length === 0 ? 'none; was it given away before? A source that keeps tensors gives copies' : length
    throw new InputError(`weight "${name}": expected ${elements(tensor.shape)} elements, found ${found}`)
  }
  return moved(tensor, tensor.data)
}

/** A pass that was sent. */
interface Sent {
  readonly pass: number
  /** Once it is here, nothing is held over there any more. */
  report?: Report
}

class RemoteExecutor implements Executor<RemoteCache> {
  readonly #link: Channel
  readonly #sequences = { next: 0 }
  readonly #sent = new WeakMap<Launched, Sent>()
  #usage: Usage
  #passes = 0

  constructor(link: Channel, usage: Usage) {
    this.#link = link
    this.#usage = usage
  }

  /** As of the last pass. */
  usage(): Usage {
    return this.#usage
  }

  cache(): RemoteCache {
    const cache = new RemoteCache(this.#link, this.#sequences)
    this.#link.tell('open', cache.sequence)
    return cache
  }

  /** Sent at once, with those before it still under way: their tokens are known over there first. */
  async evaluate({ signal, spans, ...batch }: Batch<RemoteCache>): Promise<Launched> {
    const sent: Sent = { pass: this.#passes++ }
    const places = spans.map(({ cache, from, to }) => ({ sequence: cache.sequence, from, to }))
    const order = { ...batch, ...this.#fed(batch), pass: sent.pass, spans: places }
    const launched = { values: this.#run(order, sent, signal) }
    this.#sent.set(launched, sent)
    for (const { cache, start, from, to } of spans) cache.fed = start + to - from
    return launched
  }

  /** The tokens that are here, and where the others come from. */
  #fed({ tokens, drawn }: Pick<Batch<RemoteCache>, 'tokens' | 'drawn'>): Pick<Order, 'tokens' | 'drawn'> {
    const known = tokens.slice()
    const held: Order['drawn'][number][] = []
    for (const { row, from, feed } of drawn) {
      const { pass, report } = this.#sent.get(from)!
      if (report === undefined) held.push({ row, pass, feed })
      else known[row] = report.chosen[feed]
    }
    return { tokens: known, drawn: held }
  }

  async #run(order: Order, sent: Sent, signal: AbortSignal | undefined): Promise<Values> {
    const abort = () => this.#link.tell('abort', order.pass)
    signal?.addEventListener('abort', abort)
    try {
      const report = (await this.#link.call('run', order)) as Report
      sent.report = report
      this.#usage = report.usage
      return report
    } finally {
      signal?.removeEventListener('abort', abort)
      this.#link.tell('forget', order.pass)
    }
  }

  async dispose(): Promise<void> {
    await this.#link.call('dispose')
  }
}

/** Stands here for a sequence over there. Its calls arrive in order, so none has to be awaited. */
class RemoteCache implements Cache {
  readonly sequence: number
  /** The length to which a pass that was just sent brings it. */
  fed: number | undefined
  readonly #link: Channel
  readonly #numbers: { next: number }

  constructor(link: Channel, numbers: { next: number }) {
    this.sequence = numbers.next++
    this.#link = link
    this.#numbers = numbers
  }

  /** What a pass keeps needs no telling; a truncation would wait over there for all that is under way. */
  keep(_first: number, length: number): void {
    if (length !== this.fed) this.#link.tell('truncate', { sequence: this.sequence, length })
    this.fed = undefined
  }

  close(): void {
    this.#link.tell('close', { sequence: this.sequence })
  }

  fork(): RemoteCache {
    const twin = new RemoteCache(this.#link, this.#numbers)
    this.#link.tell('fork', { sequence: this.sequence, twin: twin.sequence })
    return twin
  }
}

/** A pass of this end, until the other one has what comes of it: it may be stopped, and its tokens fed. */
interface Held {
  readonly stop: AbortController
  readonly drawn: readonly Drawn[]
}

/** The other end of `remote`: runs a backend for it until the port closes. */
export function serve(port: Port, backend: Backend): void {
  let program: Program | undefined
  const sequences = new Map<number, Sequence>()
  const passes = new Map<number, Held>()
  const link = channel(port, {
    describe: () => ({ name: backend.name, batchInvariant: backend.batchInvariant }),
    async load({ graph, specs }: { graph: Graph; specs: ReadonlyMap<string, Spec> }) {
      const read = (name: string, rows?: Range) => link.call('read', { name, rows }) as Promise<Tensor>
      const progress = (loaded: number, total: number) => link.tell('progress', [loaded, total])
      program = await backend.load(graph, { specs, read }, { progress })
      return program.usage()
    },
    open: (sequence: number) => void sequences.set(sequence, program!.open(Number.MAX_SAFE_INTEGER)),
    truncate: ({ sequence, length }: { sequence: number; length: number }) =>
      truncate(sequences.get(sequence)!, length),
    fork: ({ sequence, twin }: { sequence: number; twin: number }) =>
      void sequences.set(twin, sequences.get(sequence)!.fork()),
    close({ sequence }: { sequence: number }) {
      sequences.get(sequence)?.close()
      sequences.delete(sequence)
    },
    abort: (pass: number) => passes.get(pass)?.stop.abort(),
    forget: (pass: number) => void passes.delete(pass),
    run(order: Order): Promise<Report> {
      const { outputs, overrides, choose } = order
      const stop = new AbortController()
      const options = { outputs, overrides, signal: stop.signal, ...(choose && { choose }) }
      const pass = program!.submit(feedsOf(order, sequences, passes), options)
      passes.set(order.pass, { stop, drawn: pass.drawn })
      return reportOf(program!, pass, order)
    },
    async dispose() {
      await program?.dispose()
    },
  })
  void backend.lost?.then(({ message }) => link.tell('lost', message))
}

/**
 * To the same length again is an attempt to make up for a truncation that failed. What is shorter than the other side
 * thinks was refused tokens, for a failure that it had not heard of.
 */
function truncate(sequence: Sequence, length: number): void {
  if (length <= sequence.length) sequence.truncate(length)
}

function feedsOf(
  { spans, tokens, drawn, rows, rowCounts }: Order,
  sequences: ReadonlyMap<number, Sequence>,
  passes: ReadonlyMap<number, Held>,
): Feed[] {
  let row = 0
  return spans.map(({ sequence, from, to }, i) => {
    const logits = rows.slice(row, (row += rowCounts[i])).map((r) => r - from)
    const source = drawn.find(({ row }) => row === from)
    const fed = source ? drawnBy(source, passes) : tokens.subarray(from, to)
    return { sequence: sequences.get(sequence)!, tokens: fed, logits }
  })
}

function drawnBy({ pass, feed }: Order['drawn'][number], passes: ReadonlyMap<number, Held>): Drawn {
  const drawn = passes.get(pass)?.drawn[feed]
  if (drawn === undefined) throw new InputError('the pass that was to draw a token has failed')
  return drawn
}

/** What comes of a pass. */
async function reportOf(program: Program, pass: Pass, { outputs, rowCounts, choose }: Order): Promise<Report> {
  await pass.done
  const values = new Map<string, Tensor>()
  const patterns = new Map<string, readonly Tensor[]>()
  for (const name of outputs) {
    if (patternOf(program.graph, name) === undefined) values.set(name, await pass.read(name))
    else patterns.set(name, await Promise.all(rowCounts.map((_, feed) => pass.read(name, feed))))
  }
  const chosen = await Promise.all(pass.drawn.map(({ token }, feed) => (rowCounts[feed] > 0 ? token : -1)))
  const found = typeof choose === 'object' ? rowCounts.map((count, feed) => count > 0 && pass.candidates(feed)) : []
  const candidates = (await Promise.all(found)).map((each) => each || null)
  return { outputs: values, patterns, chosen, candidates, usage: program.usage() }
}
