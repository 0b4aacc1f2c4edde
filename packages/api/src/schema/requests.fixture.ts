import type { ApiError } from '../errors.ts'
import type { RequestLimits } from './limits.ts'
import type { Kind } from './parameters.ts'
import { parseChat, parseCompletion } from './parse.ts'
import type { ChatRequest, CompletionRequest } from './requests.ts'

/** Those of a made-up model. */
export const limits: RequestLimits = { vocabulary: 1000, context: 64, messages: 8, characters: 100, prompts: 4 }

export const strict: RequestLimits = { ...limits, strict: true }

/** The least that a request must say. */
export const least: Readonly<Record<Kind, object>> = {
  chat: { model: 'm', messages: [{ role: 'user', content: 'hi' }] },
  completions: { model: 'm', prompt: 'hi' },
}

export function chat(fields: object, within = limits): ChatRequest {
  return parseChat({ ...least.chat, ...fields }, within)
}

export function completions(fields: object, within = limits): CompletionRequest {
  return parseCompletion({ ...least.completions, ...fields }, within)
}

export const parse = { chat, completions } as const

/** What a function throws, which has to be an error of the API. */
export function refusal(run: () => unknown): ApiError {
  try {
    run()
  } catch (error) {
    if ((error as Error).name === 'ApiError') return error as ApiError
    throw error
  }
  throw new Error('expected a refusal, found none')
}
