import type { Message } from '@tramontane/core'

/** A message as requests have it, with its calls, or the call that it answers. */
export interface ChatMessage extends Message {
  readonly tool_calls?: readonly MessageCall[]
  readonly tool_call_id?: string
  /** Of a tool's result: the function's. */
  readonly name?: string
}

export interface MessageCall {
  readonly id: string
  readonly type: 'function'
  /** The arguments are a JSON object. */
  readonly function: { readonly name: string; readonly arguments: string }
}

/** What a template is given. */
export interface TemplateInput {
  readonly messages: readonly Message[]
  readonly tools?: readonly object[]
}

/** Of the functions that were called, by the ids of the calls. */
export function functionNames(messages: readonly ChatMessage[]): ReadonlyMap<string, string> {
  const calls = messages.flatMap(({ tool_calls: calls = [] }) => calls)
  return new Map(calls.map(({ id, function: { name } }) => [id, name]))
}
