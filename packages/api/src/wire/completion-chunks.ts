import type { DrawnToken, Tokenizer } from '@tramontane/core'
import type { ChoiceEvent } from '../text/choice-text.ts'
import type { Indexed } from '../text/merge.ts'
import { echoed, type EchoedPrompt } from './echo.ts'
import { completionLogprobs } from './logprobs.ts'
import type { TextToken } from '../text/text-token.ts'
import type { CompletionChunk, CompletionChunkChoice, CompletionLogprobs } from '../schema/responses.ts'
import { replyChunks, type ReplyMeta } from './reply-chunks.ts'

export interface CompletionMeta extends ReplyMeta {
  /** One per prompt where prompts are to be returned in front of their choices. */
  readonly echo?: readonly EchoedPrompt[]
  readonly tokenizer: Tokenizer
}

/** Per choice: its prompt's text, where that is echoed, text, an empty text with the reason of its end; see `replyChunks`. */
export function completionChunks(
  meta: CompletionMeta,
  events: AsyncIterable<Indexed<ChoiceEvent>>,
): AsyncGenerator<CompletionChunk> {
  const choices = new CompletionChoices(meta)
  return replyChunks('text_completion', meta, events, (indexed) => choices.take(indexed))
}

class CompletionChoices {
  readonly #meta: CompletionMeta
  /** Characters of what stands before each choice's own text. */
  readonly #offsets = new Map<number, number>()

  constructor(meta: CompletionMeta) {
    this.#meta = meta
  }

  /** Undefined for what a reader gets nothing from. */
  take({ index, event }: Indexed<ChoiceEvent>): CompletionChunkChoice | undefined {
    if (event.type === 'start') return this.#prompt(index, event.prompt)
    if (event.type === 'call') throw new Error('a call in a completion, which has no tools')
    const tokens = event.type === 'text' ? event.tokens : []
    const logprobs = this.#logprobs(tokens, this.#offsets.get(index) ?? 0)
    if (event.type === 'end')
      return { index, text: '', logprobs, finish_reason: event.reason === 'length' ? 'length' : 'stop' }
    return event.text === '' && logprobs === null
      ? undefined
      : { index, text: event.text, logprobs, finish_reason: null }
  }

  #prompt(index: number, drawn: readonly (DrawnToken | null)[]): CompletionChunkChoice | undefined {
    const { echo, n, tokenizer } = this.#meta
    const given = echo?.[Math.floor(index / n)]
    if (given === undefined) return undefined
    const { text, tokens } = echoed(given, drawn, tokenizer)
    this.#offsets.set(index, Array.from(text).length)
    return { index, text, logprobs: this.#logprobs(tokens, 0), finish_reason: null }
  }

  #logprobs(tokens: readonly TextToken[], offset: number): CompletionLogprobs | null {
    const top = this.#meta.logprobs
    return top === null ? null : completionLogprobs(tokens, top, offset)
  }
}
