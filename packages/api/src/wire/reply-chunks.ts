import type { Usage } from '../schema/responses.ts'
import type { ChoiceEvent } from '../text/choice-text.ts'
import { piped } from '../text/early-return.ts'
import type { Indexed } from '../text/merge.ts'
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

/** A chunk of a chat or of a completion. */
export interface Chunk<Kind, Choice> {
  id: string
  object: Kind
  created: number
  model: string
  system_fingerprint: string
  choices: Choice[]
  usage?: Usage | null
}

/**
 * A chunk for every event of which `choiceOf` makes a choice; after all, where asked for, the usage. Throws what the events
 * throw; returning it returns them at once.
 */
export function replyChunks<Kind, Choice>(
  object: Kind,
  meta: ReplyMeta,
  events: AsyncIterable<Indexed<ChoiceEvent>>,
  choiceOf: (indexed: Indexed<ChoiceEvent>) => Choice | undefined,
): AsyncGenerator<Chunk<Kind, Choice>> {
  const { id, created, model, fingerprint, includeUsage, tally = new Tally(meta) } = meta
  const head = { id, object, created, model, system_fingerprint: fingerprint }
  return piped(events, async function* (source) {
    for await (const indexed of source) {
      tally.take(indexed)
      const choice = choiceOf(indexed)
      if (choice !== undefined) yield { ...head, choices: [choice], ...(includeUsage && { usage: null }) }
    }
    if (includeUsage) yield { ...head, choices: [], usage: tally.usage() }
  })
}
