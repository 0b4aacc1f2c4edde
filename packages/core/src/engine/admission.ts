import { InputError } from '../errors.ts'
import { checkSampling } from '../sample.ts'
import type { GenerationRequest } from './generation.ts'

/** What a request is held against. */
export interface Bounds {
  readonly context: number
  readonly vocabulary: number
  /** Tokens that a sequence holds at most. */
  readonly held: number
  /** Bytes. */
  readonly cacheBudget: number
  /** Bytes of one token. */
  readonly position: number
}

/** Tokens that a windowed sequence may hold beyond its window: twice the step in which `sequence.ts` lets keys go. */
const slack = 128

/** The most tokens whose keys and values a sequence holds; Infinity where a query sees all. */
export function heldAtMost(window: number | null): number {
  return window === null ? Infinity : window + slack
}

/** The most tokens that a request can generate, and the bytes it may come to hold. Throws InputError where it can never run. */
export function admissible(request: GenerationRequest, bounds: Bounds): { maxTokens: number; reserved: number } {
  const { prompt, maxTokens, sampling = {}, logprobs, sequence } = request
  checkSampling(sampling)
  for (const [name, count] of Object.entries({ maxTokens, logprobs })) {
    if (count === undefined || (Number.isSafeInteger(count) && count >= 0)) continue
    throw new InputError(`${name} is ${count}, expected an integer ≥ 0`)
  }
  if (prompt.length === 0) throw new InputError('the prompt is empty: expected at least one token')
  const bad = prompt.findIndex((id) => id < 0 || id >= bounds.vocabulary)
  if (bad >= 0) {
    throw new InputError(`prompt: token ${bad} is ${prompt[bad]}, outside the vocabulary of ${bounds.vocabulary}`)
  }
  const free = sequence === undefined ? bounds.context : sequence.capacity - sequence.length
  const room = free - prompt.length
  if (room < 0) throw new InputError(`the prompt has ${prompt.length} tokens, but the context has room for ${free}`)
  // The last token is drawn, not fed.
  const most = Math.min(maxTokens ?? Infinity, room + 1)
  if (sequence !== undefined) return { maxTokens: most, reserved: 0 }
  const reserved = Math.min(prompt.length + Math.max(0, most - 1), bounds.held) * bounds.position
  if (reserved <= bounds.cacheBudget) return { maxTokens: most, reserved }
  throw new InputError(
    `the prompt of ${prompt.length} tokens and ${most} more need ${reserved} bytes for keys and values, ` +
      `but no more than ${bounds.cacheBudget} may be used; ask for fewer tokens`,
  )
}
