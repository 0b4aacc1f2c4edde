import type { ChatRequest, CompletionRequest } from './requests.ts'

/** What both kinds of request come to. */
export type Either = Omit<ChatRequest & Omit<CompletionRequest, 'logprobs'>, 'logprobs'> & {
  readonly logprobs: unknown
}

export interface Case {
  /** A value that is taken, and what it comes to. */
  readonly taken: readonly (readonly [value: unknown, result?: unknown])[]
  /** Values beyond the range, or of another type. */
  readonly beyond: readonly unknown[]
  readonly read?: (request: Either) => unknown
  /** What the field needs beside it. */
  readonly beside?: object
}
