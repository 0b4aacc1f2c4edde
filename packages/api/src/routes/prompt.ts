import type { Tokenizer } from '@tramontane/core'
import { blameRequest, contextLengthExceeded, invalidRequestError } from '../errors.ts'
import type { ServedModel } from '../serving.ts'
import type { TemplateInput } from '../tools/conversation.ts'

/** Messages → ids. Throws ApiError 400 where the model's template refuses them. */
export async function chatPrompt(
  model: ServedModel,
  { messages, ...options }: TemplateInput,
  signal: AbortSignal,
): Promise<Int32Array> {
  return blamed(model.prompts.chat(messages, { ...options, signal }), 'messages')
}

/** A plain text → ids. */
export async function textPrompt(
  model: ServedModel,
  text: string,
  { param, ...options }: { readonly prefix: boolean; readonly param: string; readonly signal: AbortSignal },
): Promise<Int32Array> {
  return blamed(model.prompts.text(text, options), param)
}

/** A text to go on with → ids. Throws ApiError 400 where it is none: a model that has no BOS cannot go on with nothing. */
export async function completionPrompt(model: ServedModel, text: string, signal: AbortSignal): Promise<Int32Array> {
  const ids = await textPrompt(model, text, { prefix: true, param: 'prompt', signal })
  if (ids.length === 0) throw invalidRequestError('the prompt is empty, expected at least one token', 'prompt')
  return ids
}

/**
 * The most tokens to generate after a prompt of so many: those that were asked for (null: all there is room for), cut to
 * the room that the context leaves. Throws ApiError 400 where there is none.
 */
export function roomFor(prompt: number, asked: number | null, { context }: ServedModel, param: string): number {
  const answer = Math.min(asked ?? 1, 1)
  if (prompt + answer > context) throw contextLengthExceeded({ context, prompt, answer }, param)
  return Math.min(asked ?? Infinity, context - prompt)
}

/** Refuses what could not fit if every token were the longest there is, before time is spent on encoding it. */
export function checkBytes({ tokenizer, context }: ServedModel, texts: readonly string[], param: string): void {
  const encoder = new TextEncoder()
  const bytes = texts.reduce((sum, text) => sum + encoder.encode(text).length, 0)
  const least = Math.ceil(bytes / longestToken(tokenizer))
  if (least <= context) return
  const message = `the model's context is ${context} tokens, but the ${bytes} bytes of ${param} are at least ${least}`
  throw invalidRequestError(message, param, 'context_length_exceeded')
}

const longest = new WeakMap<Tokenizer, number>()

/** Bytes; computed once. */
function longestToken(tokenizer: Tokenizer): number {
  const known = longest.get(tokenizer)
  if (known !== undefined) return known
  let most = 1
  for (let id = 0; id < tokenizer.size; id++) most = Math.max(most, lengthOf(tokenizer, id))
  longest.set(tokenizer, most)
  return most
}

/** A vocabulary may have holes. */
function lengthOf(tokenizer: Tokenizer, id: number): number {
  try {
    return tokenizer.bytes(id).length
  } catch {
    return 0
  }
}

async function blamed<T>(work: Promise<T>, param: string): Promise<T> {
  return work.catch((error: unknown) => Promise.reject(blameRequest(error, param)))
}
