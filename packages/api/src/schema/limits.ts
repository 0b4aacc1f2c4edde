/** What a request may ask for at most; beside it, every field has a range of its own. */
export interface RequestLimits {
  /** Token ids are below it. */
  readonly vocabulary: number
  /** Tokens of prompt and answer together. */
  readonly context: number
  /** Messages of one conversation; default 4,096. */
  readonly messages?: number
  /** UTF-16 units of all messages, or prompts, of one request; default 2²⁰. */
  readonly characters?: number
  /** Prompts of one request for completions; default 32. */
  readonly prompts?: number
  /** Refuse unknown fields instead of ignoring them; default false. */
  readonly strict?: boolean
}

export const defaultLimits = { messages: 4096, characters: 2 ** 20, prompts: 32, strict: false } as const

/** With its defaults. */
export type Limits = Required<RequestLimits>

export function withDefaults(limits: RequestLimits): Limits {
  return { ...defaultLimits, ...limits }
}
