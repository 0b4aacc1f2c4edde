import type { Message, Sampling } from '@tramontane/core'

/** What chats and completions have in common, with every default filled in. */
export interface GenerationSettings {
  readonly model: string
  readonly stream: boolean
  readonly includeUsage: boolean
  /** Answers to each prompt: 1…16. */
  readonly n: number
  /** Tokens; null for the rest of the context. */
  readonly maxTokens: number | null
  /** Up to 16, none of them empty. */
  readonly stop: readonly string[]
  /** Tokens that end the answer beside the model's own. */
  readonly stopTokenIds: readonly number[]
  /** The model's own end tokens do not end the answer. */
  readonly ignoreEnd: boolean
  /** Every field is set but `seed`, which is absent where none was given. */
  readonly sampling: Sampling
}

export interface ChatRequest extends GenerationSettings {
  /** At least one; a system message comes first and is the only one; contents are strings. */
  readonly messages: readonly Message[]
  readonly logprobs: boolean
  /** 0…20. */
  readonly topLogprobs: number
}

export interface CompletionRequest extends GenerationSettings {
  /** At least one: texts, or token ids of the vocabulary (at least one each). */
  readonly prompts: readonly (string | Int32Array)[]
  /** The prompt's text comes before the answer's. */
  readonly echo: boolean
  /** Likeliest tokens to report beside each drawn one, 0…20; null for no log-probabilities. */
  readonly logprobs: number | null
}

/** `model` is null where the request names none. */
export type TokenizeRequest =
  | { readonly model: string | null; readonly messages: readonly Message[] }
  | {
      readonly model: string | null
      readonly prompt: string
      /** The model's own first tokens (BOS) come before the text. */
      readonly prefix: boolean
    }

export interface DetokenizeRequest {
  readonly model: string | null
  readonly tokens: Int32Array
}
