import type { Sequence } from '../backend.ts'
import type { Sampling } from '../sample.ts'

/** One text that an engine is asked to go on with. */
export interface GenerationRequest {
  /** At least one token. */
  readonly prompt: Int32Array
  /** The most tokens to generate, from 0; default: as many as the context has room for. */
  readonly maxTokens?: number
  readonly sampling?: Sampling
  /** Tokens that end the text; the one that did is the last to be yielded. */
  readonly end?: readonly number[]
  /** Report log-probabilities: of each token drawn, and of this many likeliest beside it (0 for none beside it). */
  readonly logprobs?: number
  /** Report those of the prompt's tokens too. Nothing is reused then: every row has to be computed. */
  readonly promptLogprobs?: boolean
  /**
   * Whose request this is: what another owner left behind is never reused, so that no one can tell by the time it takes
   * what others have asked. Default ''.
   */
  readonly owner?: string
  /** A sequence of the caller's, which may hold a past; it is fed and left open. Nothing is reused for it or kept of it. */
  readonly sequence?: Sequence
  /** Which tokens may be drawn; for this text alone, which it follows. */
  readonly constraint?: TokenConstraint
  /** Ends the generation within one step; reading it then throws the signal's reason. */
  readonly signal?: AbortSignal
  /** Called while the prompt is fed, with its tokens so far and in all. */
  readonly progress?: (fed: number, total: number) => void
}

/** What a text may go on with, such as a grammar. Where one of its methods throws, the text ends with that error. */
export interface TokenConstraint {
  /** Bit `id & 31` of word `id >>> 5`: whether the token may come next. At least one may, unless it is over. Not written to. */
  mask(): Uint32Array
  /** Takes the token that was drawn. */
  accept(token: number): void
  /** Nothing may follow: the text ends without an end token being drawn. */
  readonly isOver: boolean
}

/** A token and how likely the model, before constraint, bias, penalties and temperature, thought it. Natural logarithm. */
export interface Candidate {
  readonly token: number
  readonly logprob: number
}

export type GenerationEvent =
  /** The prompt has been fed: first of all events. */
  | {
      readonly type: 'prompt'
      /** Tokens of it that a kept sequence already held. */
      readonly cached: number
      /** With `promptLogprobs`, one per prompt token; null for the first, which follows nothing. */
      readonly logprobs: readonly (DrawnToken | null)[]
    }
  | ({ readonly type: 'token' } & DrawnToken)
  /** Last of all events: an end token was drawn or nothing may follow, or there are maxTokens or the context is full. */
  | { readonly type: 'end'; readonly reason: 'stop' | 'length' }

/** A token of a text. */
export interface DrawnToken {
  readonly token: number
  /** Where they were asked for. */
  readonly logprob?: number
  /** Likeliest first, lower ids first among equals; where they were asked for. */
  readonly likeliest?: readonly Candidate[]
}

/**
 * The events of one request, read once. A reader that lags far behind stops its own generation, and no other's, until it
 * has caught up. Leaving the loop early cancels. Throws when a pass fails, or the signal's reason when it is aborted.
 */
export interface Generation extends AsyncIterable<GenerationEvent> {
  /** Frees the slot within one step; safe to call at any time. */
  cancel(): void
  /** Settles when the engine has let go of the request, however it ended. */
  readonly released: Promise<void>
}

/** Runs any number of generations over one program, together. */
export interface Engine {
  /**
   * Takes requests, all or none. Throws InputError for one that can never run and `QueueFullError` where slots and queue
   * have no room for all of them.
   */
  submit(requests: readonly GenerationRequest[]): Generation[]
  state(): EngineState
  /** Runs one token through the model, to see that it still can; concurrent calls share one. */
  probe(): Promise<void>
  /** No more requests; those that are there fail with `reason`; resolves when nothing runs. Leaves the program as it is. */
  close(reason?: Error): Promise<void>
}

/** Now, except where it says otherwise. */
export interface EngineState {
  /** Requests that are being fed or decoded, and those that wait. */
  readonly live: number
  readonly waiting: number
  /** Sequences kept for reuse. */
  readonly kept: number
  /** Bytes of keys and values promised to live requests and held by kept sequences; at most the budget. */
  readonly cacheBytes: number
  readonly cacheBudget: number
  /** Since the start. */
  readonly promptTokens: number
  readonly cachedTokens: number
  readonly generatedTokens: number
  readonly passes: number
  /** Milliseconds for which the pass under way has been, 0 where there is none. */
  readonly passAge: number
  /** The failure of the last pass; undefined when it succeeded. */
  readonly failure: unknown
}

export interface EngineOptions {
  /** Tokens that one sequence may hold. */
  readonly context: number
  /** Generations that decode together; default 8. */
  readonly slots?: number
  /** Requests that may wait for a slot; default 32. */
  readonly queue?: number
  /** Bytes for keys and values; default: what `slots` full contexts take. */
  readonly cacheBudget?: number
  /** Finished sequences kept for reuse at most; default twice the slots. */
  readonly kept?: number
  /** Tokens that a generation may be ahead of its reader; default 64. */
  readonly lead?: number
  /** Milliseconds by which a prompt may delay a step of the others; default 250. */
  readonly stall?: number
  /** Milliseconds that a generation which is so far ahead waits for its reader before it fails; default for ever. */
  readonly patience?: number
}
