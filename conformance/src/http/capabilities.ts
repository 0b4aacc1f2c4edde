import type { Golden } from './golden-model.ts'

/** Fields of a request's body. */
export type Fields = Readonly<Record<string, unknown>>

/** Turns text into token ids, as the server does. */
export interface Encoder {
  /** Of a plain text, without tokens in front. */
  encode(text: string): Promise<readonly number[]>
  /** Tokens of a conversation, by the model's template, up to where the answer begins. */
  countChat(messages: readonly Fields[]): Promise<number>
}

/** Makes a judge of documents out of a JSON Schema of draft 2020-12, as ajv does. */
export type Validator = (schema: Fields) => (document: unknown) => boolean

/** A server that can be started anew, and told to end. */
export interface ServerProcess {
  readonly url: string
  /** As SIGTERM does. */
  terminate(): void
  /** The exit code, once it has ended. */
  readonly exited: Promise<number | null>
}

/** A server whose model is not there yet. */
export interface LoadingServer {
  readonly url: string
  /** Resolves when the model is there. */
  finish(): Promise<void>
  close(): Promise<void>
}

/**
 * What a server says that it can do beyond answering chats. A check that needs what is not said here is reported as
 * unsupported, which is never counted as passed.
 */
export interface Capabilities {
  /** Path of a health route, such as /health. */
  readonly health?: string
  /** Starts a server that is still loading. */
  readonly loading?: () => Promise<LoadingServer>
  /** GET /v1/models/{id}. */
  readonly modelById?: boolean
  /** Wrong methods are answered with 405 and Allow. */
  readonly methods?: boolean
  /** Origins that web pages may ask from. Others must get no permission. */
  readonly cors?: readonly string[]
  /** The tokenizer, or "endpoint" for the server's own POST /tokenize (vLLM's shape). */
  readonly encoder?: Encoder | 'endpoint'
  /** The token that ends an answer, and whether completion_tokens counts it. */
  readonly end?: { readonly token: number; readonly counted: boolean }
  /** system_fingerprint. */
  readonly fingerprint?: boolean
  /** What becomes of fields that are not known. */
  readonly unknownFields?: 'ignored' | 'refused'
  /** Content as a list of text parts, and what joins them. */
  readonly parts?: { readonly joinedBy: string }
  /** POST /v1/completions. */
  readonly completions?: boolean
  /** Prompts of several texts, and of token ids. */
  readonly promptLists?: boolean
  readonly tokenPrompts?: boolean
  readonly echo?: boolean
  /** stream_options.include_usage. */
  readonly streamUsage?: boolean
  /** Chat fields with which a stream fails after its first tokens. */
  readonly failing?: Fields
  /** Chat fields with which nothing comes for longer than `keepAlive` ms, after which a comment is sent. */
  readonly slow?: { readonly fields: Fields; readonly keepAlive: number }
  readonly seed?: boolean
  /** Requests that may be under way at once, from one client. */
  readonly concurrency?: number
  /** max_completion_tokens. */
  readonly maxCompletionTokens?: boolean
  /** What becomes of max_tokens: 0. */
  readonly zeroTokens?: 'empty' | 'refused'
  /** The most stop strings. */
  readonly stops?: number
  readonly logitBias?: boolean
  /** frequency_penalty and presence_penalty. */
  readonly penalties?: boolean
  readonly topK?: boolean
  readonly minP?: boolean
  /** The largest n. */
  readonly choices?: number
  /** logprobs, and the largest top_logprobs. */
  readonly topLogprobs?: number
  /** A server of a model whose log-probabilities are known. */
  readonly golden?: Golden
  /** Tokens of prompt and answer together. */
  readonly context?: number
  /** Texts that stand for control tokens in the model's vocabulary, such as <|im_end|>. */
  readonly controlTokens?: readonly string[]
  /** A key is needed everywhere but on these routes; the client has a right one. */
  readonly openRoutes?: readonly string[]
  /** Bytes: of a body, of a request's headers. */
  readonly bodyLimit?: number
  readonly headerLimit?: number
  /** response_format json_object, json_schema. */
  readonly jsonObject?: boolean
  readonly jsonSchema?: boolean
  /** Says which documents a schema allows. Not the server's: the judge has none of its own, and brings no library. */
  readonly validator?: Validator
  /** Chat fields that let an answer be what the pattern matches from end to end, such as a response_format. */
  readonly regex?: (pattern: string) => Fields
  /** Chat fields that let an answer be what an EBNF says; its rules are written `root ::= "a" | "b" root`. */
  readonly grammar?: (text: string) => Fields
  /** tools and tool_choice: none, auto, required, or a function by its name. */
  readonly tools?: boolean
  /** parallel_tool_calls. */
  readonly parallelToolCalls?: boolean
  /** The form of the ids that calls are given. */
  readonly toolCallId?: RegExp
  /** Requests that run together, and those that may wait; `long` are chat fields of one that takes many seconds. */
  readonly capacity?: { readonly slots: number; readonly queue: number; readonly long: Fields }
  /** Starts a server of its own; `grace`: milliseconds that it may take to end. */
  readonly process?: { start(): Promise<ServerProcess>; readonly grace: number }
}

export type Capability = keyof Capabilities
