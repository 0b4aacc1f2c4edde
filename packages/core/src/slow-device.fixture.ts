import type { Backend, Drawn, Feed, Sequence, SubmitOptions } from './backend.ts'
import { encode } from './dtype.ts'
import type { Batch, Launched, Values } from './executor.ts'
import type { Graph } from './graph.ts'
import { interpreter } from './interpreter.ts'
import type { Tensor } from './tensor.ts'
import type { WeightSource } from './weights.ts'

const V = 100
const shape = [V, 1]

/** Logits are a token's own number. */
export const graph: Graph = {
  weights: { table: { dtype: 'F32', shape } },
  nodes: [{ name: 'logits', op: 'gather', rows: 'tokens', table: 'table' }],
}

export const source: WeightSource = {
  specs: new Map(Object.entries(graph.weights)),
  read: async () => encode('F32', shape, [...Array(V).keys()]),
}

interface UnderWay {
  readonly batch: Batch<never>
  finish(): void
  fail(error: unknown): void
}

/**
 * Knows at once what it will have computed, and tells when it is told to: after a token comes the next number. What happens
 * to it is written down in `log`, in order.
 */
export class SlowDevice {
  readonly passes: UnderWay[] = []
  readonly log: string[] = []
  /** What a launch waits for. */
  ready: Promise<void> | undefined
  readonly #chosen = new WeakMap<Launched, number[]>()

  backend(): Backend {
    const table = {
      name: 'slow',
      batchInvariant: true,
      cacheElement: 8,
      cache: () => this.cache(),
      cacheBytes: () => 0,
      weight: (value: Tensor) => value,
      weightBytes: () => 0,
      freeWeight: () => void this.log.push('free'),
      whole: (batch: Batch<never>) => this.whole(batch),
      lookup: (rows: Int32Array) => (this.log.push(`lookup ${rows.join()}`), rows),
      download: (rows: Int32Array) => encode('F64', [rows.length, 1], [...rows]),
      free() {},
    }
    return interpreter(table as never)
  }

  async whole(batch: Batch<never>): Promise<Launched | undefined> {
    if (batch.outputs.length > 0) return undefined
    this.log.push(`launch ${[...batch.tokens].join()}`)
    await this.ready
    const tokens = batch.tokens.slice()
    for (const { row, from, feed } of batch.drawn) tokens[row] = this.#chosen.get(from)![feed]
    const chosen = batch.spans.map(({ to }, feed) => (batch.rowCounts[feed] > 0 ? (tokens[to - 1] + 1) % V : -1))
    const { promise, resolve, reject } = deferred<Values>()
    const finish = () => resolve({ outputs: new Map(), patterns: new Map(), chosen, candidates: [] })
    this.passes.push({ batch, finish, fail: reject })
    const launched = { values: promise }
    this.#chosen.set(launched, chosen)
    return launched
  }

  cache(): object {
    const { log } = this
    return {
      keep: (first: number, length: number) => void log.push(`keep ${first}-${length}`),
      fork: () => (log.push('fork'), this.cache()),
      close: () => void log.push('close'),
    }
  }
}

export function deferred<T>() {
  let settle!: { resolve(value: T): void; reject(error: unknown): void }
  const promise = new Promise<T>((resolve, reject) => (settle = { resolve, reject }))
  return { promise, ...settle }
}

/** Long enough for everything that waits for nothing but promises. */
export const quiet = () => new Promise((resolve) => setImmediate(resolve))

/** What lets a device do a pass at once. */
export const greedy: SubmitOptions = { choose: 'greedy', outputs: [] }

export function feed(tokens: number | Drawn, sequence: Sequence): Feed {
  return { sequence, tokens: typeof tokens === 'number' ? Int32Array.of(tokens) : tokens, logits: 'last' }
}

/** What became of passes so far: their names as they settle, with a minus sign where they failed. */
export function settling(passes: Readonly<Record<string, { readonly done: Promise<void> }>>): string[] {
  const settled: string[] = []
  for (const [name, { done }] of Object.entries(passes))
    done.then(
      () => settled.push(name),
      () => settled.push(`-${name}`),
    )
  return settled
}
