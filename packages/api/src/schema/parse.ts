import type { z } from 'zod'
import { invalidRequestError } from '../errors.ts'
import { contradiction, expectation, fault } from './fault.ts'
import { withDefaults, type Limits, type RequestLimits } from './limits.ts'
import { checkCharacters, checkLengths } from './lengths.ts'
import { checkOrder } from './message-order.ts'
import { arrange, type WrittenMessage } from './messages.ts'
import { requestSchemas, type RequestSchemas } from './request-schemas.ts'
import type { ChatRequest, CompletionRequest, Conversation, DetokenizeRequest, TokenizeRequest } from './requests.ts'
import { settingsOf } from './settings-of.ts'
import { checkEnds, toolUseOf } from './tools.ts'

export { parseJson } from './json.ts'

interface Reader {
  readonly limits: Limits
  readonly schemas: RequestSchemas
}

const readers = new WeakMap<RequestLimits, Reader>()

/** Schemas take milliseconds to make: keep the limits that you pass, and they are made once. */
function reader(limits: RequestLimits): Reader {
  const known = readers.get(limits)
  if (known !== undefined) return known
  const full = withDefaults(limits)
  const made = { limits: full, schemas: requestSchemas(full) }
  readers.set(limits, made)
  return made
}

/** The body of POST /v1/chat/completions. Throws ApiError of 400 naming the first field that is wrong. */
export function parseChat(json: unknown, given: RequestLimits): ChatRequest {
  const { limits, schemas } = reader(given)
  checkLengths(json, limits)
  const body = checked(schemas.chat, json)
  const topLogprobs = body.top_logprobs ?? 0
  const logprobs = body.logprobs ?? false
  if (topLogprobs > 0 && !logprobs) {
    throw contradiction('top_logprobs', `'top_logprobs' is ${topLogprobs}, which needs 'logprobs' to be true`)
  }
  const settings = settingsOf(body)
  const conversation = conversationOf(body, limits)
  checkEnds(conversation.tools, settings)
  return { ...settings, ...conversation, logprobs, topLogprobs }
}

/** The body of POST /v1/completions. Throws ApiError of 400 naming the first field that is wrong. */
export function parseCompletion(json: unknown, given: RequestLimits): CompletionRequest {
  const { limits, schemas } = reader(given)
  checkLengths(json, limits)
  const body = checked(schemas.completions, json)
  const settings = settingsOf(body)
  if (body.best_of != null && body.best_of !== settings.n) {
    const message = `'best_of' is ${body.best_of} where 'n' is ${settings.n}, which is not supported: they must be the same`
    throw invalidRequestError(message, 'best_of', 'unsupported_value')
  }
  const prompts = promptsOf(body.prompt)
  checkCharacters(prompts, limits, 'prompt')
  return { ...settings, prompts, echo: body.echo ?? false, logprobs: body.logprobs ?? null }
}

/** The body of POST /tokenize. Throws ApiError of 400 naming the first field that is wrong. */
export function parseTokenize(json: unknown, given: RequestLimits): TokenizeRequest {
  const { limits, schemas } = reader(given)
  checkLengths(json, limits)
  if (has(json, 'messages') && has(json, 'prompt')) {
    throw contradiction('messages', "'prompt' and 'messages' are both there, expected one of them")
  }
  if (has(json, 'messages')) {
    const body = checked(schemas.tokenizeMessages, json)
    return { model: body.model ?? null, ...conversationOf(body, limits) }
  }
  const { model, prompt, add_special_tokens: prefix } = checked(schemas.tokenizePrompt, json)
  return { model: model ?? null, prompt, prefix: prefix ?? true }
}

/** The body of POST /detokenize. Throws ApiError of 400 naming the first field that is wrong. */
export function parseDetokenize(json: unknown, given: RequestLimits): DetokenizeRequest {
  const { limits, schemas } = reader(given)
  checkLengths(json, limits)
  const { model, tokens } = checked(schemas.detokenize, json)
  return { model: model ?? null, tokens: Int32Array.from(tokens) }
}

function checked<T extends z.ZodType>(schema: T, json: unknown): z.output<T> {
  const result = schema.safeParse(json, { error: expectation, reportInput: true })
  if (!result.success) throw fault(result.error.issues, json)
  return result.data
}

function has(json: unknown, name: string): boolean {
  return typeof json === 'object' && json !== null && (json as Record<string, unknown>)[name] != null
}

type WrittenConversation = Parameters<typeof toolUseOf>[0] & { readonly messages: readonly WrittenMessage[] }

function conversationOf(body: WrittenConversation, limits: Limits): Conversation {
  checkOrder(body.messages)
  const messages = arrange(body.messages)
  const tools = toolUseOf(body)
  const calls = messages.flatMap(({ tool_calls: calls = [] }) => calls.map((call) => call.function.arguments))
  checkCharacters([...messages.map(({ content }) => content), ...calls], limits, 'messages')
  checkCharacters([tools && JSON.stringify(tools.tools)], limits, 'tools')
  return { messages, tools }
}

function promptsOf(prompt: string | string[] | number[] | number[][]): (string | Int32Array)[] {
  if (typeof prompt === 'string') return [prompt]
  if (typeof prompt[0] === 'number') return [Int32Array.from(prompt as number[])]
  return (prompt as (string | number[])[]).map((one) => (typeof one === 'string' ? one : Int32Array.from(one)))
}
