import type { Graph } from './graph.ts'
import type { Tensor } from './tensor.ts'
import type { WeightSource } from './weights.ts'

/** A device that can run graphs. It knows nothing of tokenizers, sampling or HTTP. */
export interface Backend {
  /** Shown in logs, errors and reports: `reference`, `tfjs-wasm`. */
  readonly name: string
  /** A sequence's numbers never depend on its neighbours, its chunks or its history, bit for bit. */
  readonly batchInvariant: boolean
  /** Of what can be lost, a device or a thread: resolves with the reason when all programs have failed for good. Another backend must be made. */
  readonly lost?: Promise<Error>
  /** Binds a graph to its weights. Throws InputError naming the node that cannot run here. */
  load(graph: Graph, weights: WeightSource, options?: LoadOptions): Promise<Program>
}

export interface LoadOptions {
  /** Called as weights arrive, with bytes so far and in all. */
  readonly progress?: (loaded: number, total: number) => void
  readonly signal?: AbortSignal
}

/** A graph and its weights on one device, shared by any number of sequences. */
export interface Program {
  readonly graph: Graph
  /** Starts an empty sequence that will hold at most `capacity` tokens: a limit, not an allocation. */
  open(capacity: number): Sequence
  /**
   * Feeds tokens to sequences, one pass over the graph. Does not wait: lengths move now, passes run in the order of
   * submission, errors of the input are thrown now and failures while running reject the Pass.
   */
  submit(feeds: readonly Feed[], options?: SubmitOptions): Pass
  /** Bytes held now. */
  usage(): Usage
  /** Frees the weights and the caches of all sequences. Passes under way end first; sequences must not be used afterwards. */
  dispose(): Promise<void>
}

export interface Usage {
  readonly weights: number
  readonly cache: number
  readonly scratch: number
  /** What the cache of a sequence grows by for each token, all layers, without what pages round up. */
  readonly position: number
}

/** The next tokens of one sequence; any number of them, so that prefill, chunked prefill and decode are one path. */
export interface Feed {
  readonly sequence: Sequence
  /** Token ids, or the token that an earlier pass drew. */
  readonly tokens: Int32Array | Drawn
  /** Which of the fed tokens want logits; an array holds indices into `tokens`. */
  readonly logits: 'none' | 'last' | 'all' | Int32Array
}

export interface SubmitOptions {
  /**
   * Activations whose values `read` will return, by any of their names (see `activations`); default `['logits']`. Asking
   * for nothing extra costs nothing.
   */
  readonly outputs?: readonly string[]
  /** Values that replace those of nodes on the way. */
  readonly overrides?: readonly Override[]
  /** What the device finds out about each feed's last row of logits; nothing about a feed without such a row. */
  readonly choose?: Choose
  /** Stops the pass at the next opportunity; its sequences are then as after a failed pass. */
  readonly signal?: AbortSignal
}

/**
 * The next token, which is the likeliest, or the `topK` likeliest tokens, from 1 to 64, of which the host draws one: a few
 * numbers instead of a row of the whole vocabulary.
 */
export type Choose = 'greedy' | { readonly topK: number }

/** The tokens with the largest logits of a row [V], and what it takes to know how likely they are. */
export interface Candidates {
  /** Ids [k] by descending logit, lower ids first among equals; all V where there are fewer than were asked for. */
  readonly tokens: Uint32Array
  /** Their logits [k]. */
  readonly logits: Float64Array
  /** log Σ e^z over the row, as precise as the device computes it; where the largest logit is not finite, that one. */
  readonly logSumExp: number
}

/**
 * Replaces the value [T, C] of a node, by any of its names, or some of its rows, [rows.length, C]. Rows count over all
 * feeds of the pass, in order; of two overrides of a row the later one counts. Data, never a callback: it must cross to a
 * device or another process. A changed key or value enters the cache; fork first to keep the sequence clean.
 */
export interface Override {
  readonly node: string
  readonly rows?: Int32Array
  readonly value: Tensor
}

/** A pass on its way. */
export interface Pass {
  /** With `choose: 'greedy'`: the token of each feed, by index. */
  readonly drawn: readonly Drawn[]
  /** With `choose: { topK }`: the likeliest tokens after a feed. */
  candidates(feed: number): Promise<Candidates>
  /**
   * The value of an output, by any of its names: the rows of all feeds in order, or of one feed. What comes after
   * `selected` (`norm`, `logits`) has the rows whose logits were asked for.
   * `layers.N.attention.pattern` is [H, T, S] of one feed, which may be left out when the pass has only one.
   */
  read(name: string, feed?: number): Promise<Tensor>
  /** Settles when the pass has ended; rejects when it failed. */
  readonly done: Promise<void>
}

/** A token chosen on the device, usable as the next pass's input before anybody has read it. */
export interface Drawn {
  readonly token: Promise<number>
}

/** One sequence: the keys and values of the tokens fed so far. */
export interface Sequence {
  /** Tokens fed, submitted passes included. */
  readonly length: number
  readonly capacity: number
  /** The smallest length that `truncate` can go back to; above 0 once a window has let keys go. */
  readonly earliest: number
  /**
   * Takes tokens back. Throws InputError beyond `length` or before `earliest`. Also ends the poison of a failed pass,
   * when it goes back to where that pass began.
   */
  truncate(length: number): void
  /** A second sequence with the same past; pages are shared until one of them writes. */
  fork(): Sequence
  close(): void
}

/** Submits one pass and reads its outputs, under the names by which they were asked for. */
export async function run(
  program: Program,
  feeds: readonly Feed[],
  options: SubmitOptions = {},
): Promise<Map<string, Tensor>> {
  const pass = program.submit(feeds, options)
  await pass.done
  const values = new Map<string, Tensor>()
  for (const name of options.outputs ?? ['logits']) values.set(name, await pass.read(name))
  return values
}
