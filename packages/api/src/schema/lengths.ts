import { contextLengthExceeded, invalidRequestError, type ApiError } from '../errors.ts'
import type { Limits } from './limits.ts'
import { most } from './settings.ts'
import { mostTools } from './tools.ts'

/**
 * What must be refused before a schema goes through it item by item: lists that are too long, and more tokens than could
 * ever fit. Looks at lengths alone; whatever is no list is left to the schema.
 */
export function checkLengths(json: unknown, limits: Limits): void {
  const fields = (json ?? {}) as Readonly<Record<string, unknown>>
  const { messages, prompt, tokens, tools, stop, stop_token_ids: ids, logit_bias: bias } = fields
  atMost(messages, limits.messages, 'messages')
  atMost(tools, mostTools.tools, 'tools')
  atMost(stop, most.stops, 'stop')
  atMost(ids, most.stopIds, 'stop_token_ids')
  atMost(tokens, limits.context, 'tokens')
  if (Array.isArray(messages)) checkParts(messages)
  if (Array.isArray(prompt)) checkPrompt(prompt, limits)
  if (typeof bias !== 'object' || bias === null) return
  const biases = Object.keys(bias).length
  if (biases > most.biases) throw tooMuch('logit_bias', `${biases} entries`, most.biases)
}

/** Of all messages together. */
function checkParts(messages: readonly unknown[]): void {
  const all = messages as readonly ({ content?: unknown; tool_calls?: unknown } | null)[]
  const parts = lengthOf(all.map((message) => message?.content))
  if (parts > most.parts) throw tooMuch('messages', `${parts} content parts`, most.parts)
  const calls = lengthOf(all.map((message) => message?.tool_calls))
  if (calls > most.parts) throw tooMuch('messages', `${calls} tool calls`, most.parts)
}

function lengthOf(lists: readonly unknown[]): number {
  return lists.reduce<number>((sum, list) => sum + (Array.isArray(list) ? list.length : 0), 0)
}

function checkPrompt(prompt: readonly unknown[], { context, prompts }: Limits): void {
  const lists: readonly unknown[] = typeof prompt[0] === 'number' ? [prompt] : prompt
  atMost(lists, prompts, 'prompt')
  const longest = Math.max(0, ...lists.map((list) => (Array.isArray(list) ? list.length : 0)))
  if (longest > context) throw contextLengthExceeded({ context, prompt: longest, answer: 0 }, 'prompt')
}

function atMost(list: unknown, limit: number, param: string): void {
  if (!Array.isArray(list) || list.length <= limit) return
  throw tooMuch(param, `${list.length} items`, limit)
}

function tooMuch(param: string, found: string, limit: number): ApiError {
  return invalidRequestError(`'${param}' has ${found}, expected at most ${limit}`, param, 'invalid_value')
}

/** All texts of a request together. */
export function checkCharacters(texts: readonly (string | Int32Array | null)[], limits: Limits, param: string): void {
  const characters = texts.reduce((sum, text) => sum + (typeof text === 'string' ? text.length : 0), 0)
  if (characters > limits.characters) throw tooMuch(param, `${characters} characters`, limits.characters)
}
