import type { Cache, Span } from './cache.ts'
import type { Batch, Launched } from './executor.ts'
import type { NodeOf } from './graph.ts'
import type { Angles } from './rope.ts'
import type { Tensor } from './tensor.ts'

/** What an op may give at once or later. */
export type MaybePromise<T> = T | Promise<T>

/** Called by a long op between pieces of work (≤ 100 ms each): gives way to the host, rejects when the pass is aborted. */
export type Breathe = () => Promise<void> | undefined

export interface AttentionResult<V> {
  readonly value: V
  /** Probabilities [H, T, S] of each span, when they were asked for. */
  readonly pattern?: readonly Tensor[]
}

/**
 * A backend as a table: how values move, and one function per op. `interpreter` in `interpreter.ts` makes a Backend of
 * it. V is a value on the device, [rows, columns]; W a weight; C the cache of a sequence. Ops may be asynchronous; they
 * must not change their arguments.
 */
export interface OpTable<V, W, C extends Cache> {
  readonly name: string
  readonly batchInvariant: boolean
  /** Takes a weight to the device. The host's copy is dropped afterwards. */
  weight(tensor: Tensor, name: string): MaybePromise<W>
  freeWeight(weight: W): void
  /** Bytes of a weight on the device. */
  weightBytes(weight: W): number
  upload(tensor: Tensor): MaybePromise<V>
  download(value: V): MaybePromise<Tensor>
  free(value: V): void
  bytes(value: V): number
  /** An empty cache. Its `fork` returns the same kind. */
  cache(attentions: readonly NodeOf<'attention'>[]): C
  /** Bytes held by a cache; what forks share counts in parts. */
  cacheBytes(cache: C): number
  /** Bytes of one number in a cache. */
  readonly cacheElement: number
  /** Called at the end of a pass: rejects with what went wrong in it, where ops return before they are computed. */
  settle?(): Promise<void>
  /**
   * A whole pass at once, where the table knows how; it is not waited for. undefined sends it node by node, after all
   * passes before it have ended. Each `from` of `drawn` is what an earlier call returned. `weights` by name.
   */
  whole?(batch: Batch<C>, weights: ReadonlyMap<string, W>): MaybePromise<Launched | undefined>
  /** Lets go of what the table itself holds on the device; its weights are freed one by one before. */
  dispose?(): void

  lookup(rows: Int32Array, table: W, breathe: Breathe): MaybePromise<V>
  gather(rows: Int32Array, table: V, breathe: Breathe): MaybePromise<V>
  rmsNorm(x: V, weight: W, epsilon: number, breathe: Breathe): MaybePromise<V>
  linear(x: V, weight: W, scale: W | null, bias: W | null, breathe: Breathe): MaybePromise<V>
  rope(x: V, heads: number, angles: Angles, breathe: Breathe): MaybePromise<V>
  attention(
    node: NodeOf<'attention'>,
    inputs: { readonly query: V; readonly key: V; readonly value: V },
    spans: readonly Span<C>[],
    pattern: boolean,
    breathe: Breathe,
  ): MaybePromise<AttentionResult<V>>
  silu(x: V, breathe: Breathe): MaybePromise<V>
  mul(a: V, b: V, breathe: Breathe): MaybePromise<V>
  add(a: V, b: V, breathe: Breathe): MaybePromise<V>
}
