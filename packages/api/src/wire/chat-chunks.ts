import type { ChoiceEvent } from '../text/choice-text.ts'
import { piped } from '../text/early-return.ts'
import type { Indexed } from '../text/merge.ts'
import { chatLogprobs } from './logprobs.ts'
import type { ChatChunkChoice, ChatCompletionChunk } from '../schema/responses.ts'
import { Tally, type TallyOptions } from './usage.ts'

/** What all chunks of one reply have in common, and what they are to tell. */
export interface ReplyMeta extends TallyOptions {
  /** `chatcmpl-…`, `cmpl-…` */
  readonly id: string
  /** Unix time in seconds. */
  readonly created: number
  readonly model: string
  readonly fingerprint: string
  /** A last chunk tells the usage. A plain reply, which is folded from chunks, needs it. */
  readonly includeUsage: boolean
  /** Likeliest tokens told beside each token, from 0; null: no log-probabilities at all. */
  readonly logprobs: number | null
  /** Counts the events that pass, for one who wants to know before the end, or without one; default: a new one. */
  readonly tally?: Tally
}

/**
 * Per choice: the role when its prompt is fed, content, an empty delta with the reason of its end; after all, where asked
 * for, the usage. Throws what the events throw; returning it returns them at once.
 */
export function chatChunks(
  meta: ReplyMeta,
  events: AsyncIterable<Indexed<ChoiceEvent>>,
): AsyncGenerator<ChatCompletionChunk> {
  return piped(events, (source) => chunks(meta, source))
}

async function* chunks(
  meta: ReplyMeta,
  events: AsyncIterable<Indexed<ChoiceEvent>>,
): AsyncGenerator<ChatCompletionChunk> {
  const { id, created, model, fingerprint, includeUsage, tally = new Tally(meta) } = meta
  const head = { id, object: 'chat.completion.chunk', created, model, system_fingerprint: fingerprint } as const
  for await (const indexed of events) {
    tally.take(indexed)
    const choice = choiceOf(indexed.event, meta.logprobs)
    if (choice === undefined) continue
    yield { ...head, choices: [{ index: indexed.index, ...choice }], ...(includeUsage && { usage: null }) }
  }
  if (includeUsage) yield { ...head, choices: [], usage: tally.usage() }
}

/** Undefined for what a reader gets nothing from. */
function choiceOf(event: ChoiceEvent, top: number | null): Omit<ChatChunkChoice, 'index'> | undefined {
  if (event.type === 'end') return { delta: {}, logprobs: null, finish_reason: event.reason }
  // Also where no token comes, a list that was asked for is there.
  const logprobs = top === null ? null : chatLogprobs(event.type === 'start' ? [] : event.tokens, top)
  if (event.type === 'start') return { delta: { role: 'assistant', content: '' }, logprobs, finish_reason: null }
  if (event.text === '' && !logprobs?.content?.length) return undefined
  return { delta: { content: event.text }, logprobs, finish_reason: null }
}
