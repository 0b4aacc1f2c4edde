import type { Backend, Feed, LoadOptions, Program, Sequence, Usage } from './backend.ts'
import { channel, moved, type Channel, type Moved, type Port } from './channel.ts'
import { InputError } from './errors.ts'
import type { Batch, Executor, Values } from './executor.ts'
import { patternOf } from './feeds.ts'
import type { Graph } from './graph.ts'
import type { Cache } from './op-table.ts'
import { CachedProgram } from './program.ts'
import { inferColumns } from './shapes.ts'
import { elements, type Range, type Spec, type Tensor } from './tensor.ts'
import type { WeightSource } from './weights.ts'

/** What crosses for one pass. A signal cannot: aborting is a call of its own. */
type Order = Omit<Batch<Cache>, 'spans' | 'signal'> & {
  readonly pass: number
  readonly spans: readonly { readonly sequence: number; readonly from: number; readonly to: number }[]
}

interface Report extends Values {
  readonly usage: Usage
}

/** A backend elsewhere, and what it takes to give it up: its passes, those under way too, then fail with `reason`. */
export interface RemoteBackend extends Backend {
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
  const link = channel(port, {
    read: async ({ name, rows }: { name: string; rows?: Range }) => given(await source!.read(name, rows), name),
    progress: ([loaded, total]: [number, number]) => progress?.(loaded, total),
  })
  const { name, batchInvariant } = (await link.call('describe')) as Pick<Backend, 'name' | 'batchInvariant'>
  return {
    name,
    batchInvariant,
    close: (reason) => link.close(reason),
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

class RemoteExecutor implements Executor<RemoteCache> {
  readonly #link: Channel
  readonly #sequences = { next: 0 }
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

  async evaluate({ signal, spans, ...batch }: Batch<RemoteCache>): Promise<Values> {
    const pass = this.#passes++
    const abort = () => this.#link.tell('abort', pass)
    signal?.addEventListener('abort', abort)
    try {
      const places = spans.map(({ cache, from, to }) => ({ sequence: cache.sequence, from, to }))
      const order: Order = { ...batch, pass, spans: places }
      const report = (await this.#link.call('run', order)) as Report
      this.#usage = report.usage
      return report
    } catch (error) {
      signal?.throwIfAborted()
      throw error
    } finally {
      signal?.removeEventListener('abort', abort)
    }
  }

  async dispose(): Promise<void> {
    await this.#link.call('dispose')
  }
}

/** Stands here for a sequence over there. Its calls arrive in order, so none has to be awaited. */
class RemoteCache implements Cache {
  readonly sequence: number
  readonly #link: Channel
  readonly #numbers: { next: number }

  constructor(link: Channel, numbers: { next: number }) {
    this.sequence = numbers.next++
    this.#link = link
    this.#numbers = numbers
  }

  keep(_first: number, length: number): void {
    this.#link.tell('truncate', { sequence: this.sequence, length })
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

/** The other end of `remote`: runs a backend for it until the port closes. */
export function serve(port: Port, backend: Backend): void {
  let program: Program | undefined
  const sequences = new Map<number, Sequence>()
  const passes = new Map<number, AbortController>()
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
    abort: (pass: number) => passes.get(pass)?.abort(),
    async run(order: Order): Promise<Report> {
      const stop = new AbortController()
      passes.set(order.pass, stop)
      try {
        return await runOrder(program!, order, sequences, stop.signal)
      } finally {
        passes.delete(order.pass)
      }
    },
    async dispose() {
      await program?.dispose()
    },
  })
}

/**
 * After every pass the other side says what it keeps, which changes nothing. To the same length again is an attempt to make up
 * for a truncation that failed.
 */
function truncate(sequence: Sequence, length: number): void {
  if (length <= sequence.length) sequence.truncate(length)
}

async function runOrder(
  program: Program,
  { spans, tokens, rows, rowCounts, outputs, overrides, choose }: Order,
  sequences: ReadonlyMap<number, Sequence>,
  signal: AbortSignal,
): Promise<Report> {
  let row = 0
  const feeds = spans.map(({ sequence, from, to }, i): Feed => {
    const logits = rows.slice(row, (row += rowCounts[i])).map((r) => r - from)
    return { sequence: sequences.get(sequence)!, tokens: tokens.subarray(from, to), logits }
  })
  const pass = program.submit(feeds, { outputs, overrides, signal, ...(choose && { choose }) })
  await pass.done
  const values = new Map<string, Tensor>()
  const patterns = new Map<string, readonly Tensor[]>()
  for (const name of outputs) {
    if (patternOf(program.graph, name) === undefined) values.set(name, await pass.read(name))
    else patterns.set(name, await Promise.all(feeds.map((_, feed) => pass.read(name, feed))))
  }
  const chosen = await Promise.all(pass.drawn.map(({ token }, feed) => (rowCounts[feed] > 0 ? token : -1)))
  return { outputs: values, patterns, chosen, usage: program.usage() }
}
