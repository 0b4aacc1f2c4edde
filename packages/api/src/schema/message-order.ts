import { ApiError, invalidRequestError, shortened } from '../errors.ts'
import { contradiction, shown } from './fault.ts'
import { parseJson } from './json.ts'
import type { WrittenMessage } from './messages.ts'

type Assistant = Extract<WrittenMessage, { role: 'assistant' }>
type Calls = NonNullable<Assistant['tool_calls']>

/** Calls that wait for their results: by id, where they stand. */
type Open = Map<string, string>

/**
 * What one message alone does not show: an assistant's message says something or calls a tool, arguments are JSON objects,
 * each result answers a call of the message before it, each call is answered before anything else is said. Throws ApiError 400.
 */
export function checkOrder(messages: readonly WrittenMessage[]): void {
  const open: Open = new Map()
  messages.forEach((message, i) => {
    const at = `messages[${i}]`
    if (message.role === 'tool') answer(open, message.tool_call_id, `${at}.tool_call_id`)
    if (message.role === 'user' || message.role === 'assistant') checkAnswered(open)
    if (message.role !== 'assistant') return
    const calls = message.tool_calls ?? []
    if (message.content == null && calls.length === 0) throw contentMissing(message.content, `${at}.content`)
    ask(open, calls, `${at}.tool_calls`)
  })
  checkAnswered(open)
}

function ask(open: Open, calls: Calls, at: string): void {
  calls.forEach(({ id, function: { arguments: given } }, i) => {
    const param = `${at}[${i}].id`
    if (open.has(id)) throw contradiction(param, `'${param}' is ${shown(id)}, which is another call's id`)
    open.set(id, param)
    checkArguments(given, `${at}[${i}].function.arguments`)
  })
}

function answer(open: Open, id: string, param: string): void {
  if (open.delete(id)) return
  const known = open.size === 0 ? 'there is none' : `of ${Array.from(open.keys(), (id) => shortened(id)).join(', ')}`
  const message = `'${param}' is ${shown(id)}, expected the id of a call before it that has no result yet: ${known}`
  throw contradiction(param, message.length > 400 ? `${message.slice(0, 400)}…` : message)
}

function checkAnswered(open: Open): void {
  const [first] = open
  if (first === undefined) return
  const [id, param] = first
  throw contradiction(param, `'${param}' is ${shown(id)}, a call without a message of role "tool" that has its result`)
}

function checkArguments(text: string, param: string): void {
  try {
    const value = parseJson(new TextEncoder().encode(text))
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return
  } catch (error) {
    if (!(error instanceof ApiError)) throw error
    // The same rules as for a body, and the same words but for what they are about.
    throw contradiction(
      param,
      error.message.replace(/^the body/, () => `'${param}'`),
    )
  }
  throw contradiction(param, `'${param}' is ${shown(text)}, expected a JSON object as a string`)
}

function contentMissing(found: null | undefined, param: string): ApiError {
  const message = `'${param}' is ${shown(found)}, expected a string or a list of text parts, or 'tool_calls' beside it`
  return invalidRequestError(message, param, found === null ? 'invalid_type' : 'missing_required_parameter')
}
