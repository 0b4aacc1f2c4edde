import type { Candidates, Choose, Override, Usage } from './backend.ts'
import type { Cache, Span } from './cache.ts'
import type { Tensor } from './tensor.ts'

/** One pass, checked and placed: what is left is to compute it. */
export interface Batch<C extends Cache> {
  /** Tokens of all feeds [T]; 0 where one is not known here yet. */
  readonly tokens: Int32Array
  /** Those that are not known here yet. */
  readonly drawn: readonly DrawnRow[]
  /** Rows whose logits are wanted [R], and how many of them belong to each feed. */
  readonly rows: Int32Array
  readonly rowCounts: readonly number[]
  readonly spans: readonly Span<C>[]
  readonly outputs: readonly string[]
  readonly overrides: readonly Override[]
  readonly choose: Choose | undefined
  readonly signal: AbortSignal | undefined
}

/** A row of `tokens` whose token an earlier pass draws. */
export interface DrawnRow {
  readonly row: number
  /** That pass, and which of its feeds. */
  readonly from: Launched
  readonly feed: number
}

/** A pass that a device has been given, with all those before it. */
export interface Launched {
  /** Settles when the device is done with it, and rejects when it failed. */
  readonly values: Promise<Values>
}

/** What a pass leaves behind. */
export interface Values {
  readonly outputs: ReadonlyMap<string, Tensor>
  /** By output name, one [H, T, S] per feed. */
  readonly patterns: ReadonlyMap<string, readonly Tensor[]>
  /** With `choose: 'greedy'`: one token per feed, −1 for one of which no logits were wanted. */
  readonly chosen: readonly number[]
  /** With `choose: { topK }`: one per feed, null likewise. */
  readonly candidates: readonly (Candidates | null)[]
}

/** Computes passes for a `CachedProgram`, which does the bookkeeping. Called by one job at a time. */
export interface Executor<C extends Cache> {
  /** An empty cache for a new sequence. */
  cache(): C
  /**
   * Resolves as soon as the device can do without the host, with the passes before it still under way. What a pass has read
   * or written for another one is in the order of these calls. Where it rejects, the pass has failed.
   */
  evaluate(batch: Batch<C>): Promise<Launched>
  /** Bytes held, given the caches that are in use. */
  usage(caches: readonly C[]): Usage
  dispose(): Promise<void>
}
