import type { ChatOptions, Engine, Message, Tokenizer } from '@tramontane/core'

/** A model as the API shows it, and what turns requests into its tokens. */
export interface ServedModel {
  /** Names that requests may use; the first is the model's own. */
  readonly ids: readonly string[]
  /** Unix time, in seconds, since when it is served. */
  readonly created: number
  /** Tokens of prompt and answer together. */
  readonly context: number
  /** Tokens that end an answer. */
  readonly end: readonly number[]
  /** For look-ups that take no time: the bytes of a token, text of a few ids. */
  readonly tokenizer: Tokenizer
  readonly prompts: Prompts
  /** The same for the same weights, settings and version. */
  readonly fingerprint: string
}

/**
 * Text → prompt. Asynchronous, because long texts take a while and should be encoded in another thread. Where a signal
 * says that nobody waits any more, a text whose turn has not come may be left alone; the call then throws its reason.
 */
export interface Prompts {
  /** The chat template has a place for tools. */
  readonly tools: boolean
  /** By the model's chat template. Throws InputError where it refuses, or where there is none. */
  chat(
    messages: readonly Message[],
    options?: Pick<ChatOptions, 'tools'> & { readonly signal?: AbortSignal },
  ): Promise<Int32Array>
  /** A plain text; `prefix` puts the model's own first tokens (BOS) before it. */
  text(text: string, options: { readonly prefix: boolean; readonly signal?: AbortSignal }): Promise<Int32Array>
}

/** A model that answers. */
export interface Serving {
  readonly model: ServedModel
  readonly engine: Engine
}
