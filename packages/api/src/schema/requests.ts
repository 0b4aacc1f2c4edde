import type { Sampling } from '@tramontane/core'
import type { Format } from '../structure/format.ts'
import type { ChatMessage } from '../tools/conversation.ts'
import type { ToolUse } from '../tools/tool.ts'

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
  /** What the answer has to be; null: any text. */
  readonly format: Format | null
  /** Every field is set but `seed`, which is absent where none was given. */
  readonly sampling: Sampling
}

/** What a prompt is made of. */
export interface Conversation {
  /**
   * At least one; a system message comes first and is the only one; contents are strings, or null beside calls. Every call is
   * answered by the messages of tools right behind it.
   */
  readonly messages: readonly ChatMessage[]
  /** Null: none. */
  readonly tools: ToolUse | null
}

export interface ChatRequest extends GenerationSettings, Conversation {
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
  | ({ readonly model: string | null } & Conversation)
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
