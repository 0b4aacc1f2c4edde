import type { Override, SubmitOptions, Usage } from './backend.ts'
import type { Cache, Span } from './op-table.ts'
import type { Tensor } from './tensor.ts'

/** One pass, checked and placed: what is left is to compute it. */
export interface Batch<C extends Cache> {
  /** Tokens of all feeds [T]. */
  readonly tokens: Int32Array
  /** Rows whose logits are wanted [R], and how many of them belong to each feed. */
  readonly rows: Int32Array
  readonly rowCounts: readonly number[]
  readonly spans: readonly Span<C>[]
  readonly outputs: readonly string[]
  readonly overrides: readonly Override[]
  readonly choose: SubmitOptions['choose']
  readonly signal: AbortSignal | undefined
}

/** What a pass leaves behind. */
export interface Values {
  readonly outputs: ReadonlyMap<string, Tensor>
  /** By output name, one [H, T, S] per feed. */
  readonly patterns: ReadonlyMap<string, readonly Tensor[]>
  /** With `choose`: one token per feed, −1 for one of which no logits were wanted. */
  readonly chosen: readonly number[]
}

/** Computes passes for a `CachedProgram`, which does the bookkeeping. Called by one job at a time. */
export interface Executor<C extends Cache> {
  /** An empty cache for a new sequence. */
  cache(): C
  evaluate(batch: Batch<C>): Promise<Values>
  /** Bytes held, given the caches that are in use. */
  usage(caches: readonly C[]): Usage
  dispose(): Promise<void>
}
