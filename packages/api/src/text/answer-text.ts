import type { DrawnToken } from '@tramontane/core'
import { callId } from '../tools/call-id.ts'
import { CallReader } from '../tools/call-reader.ts'
import type { Marker } from './stops.ts'
import { TokenText, type Piece, type TokenTextOptions } from './token-text.ts'
import type { TextToken } from './text-token.ts'

/** How the calls of an answer are told from its text. */
export interface CallMarks {
  /** What ends the text and begins the calls: a control token's id, or a text; null: the answer is nothing but calls. */
  readonly begin: number | Marker | null
  /** How an answer ended that is whole and has calls. */
  readonly finish: 'tool_calls' | 'stop'
}

export interface AnswerTextOptions extends Omit<TokenTextOptions, 'marker'> {
  /** Where there may be calls. Their form is taken for granted: a grammar has to see to it. */
  readonly calls?: CallMarks
}

/** A piece of an answer. */
export type AnswerEvent =
  /** Whole characters; texts joined are the content. `tokens` are those whose last byte is in this text or an earlier one. */
  | { readonly type: 'text'; readonly text: string; readonly tokens: readonly TextToken[] }
  /** A piece of call `index`: its id and name first, then its arguments. `drawn`: tokens that no event before has told of. */
  | ({ readonly type: 'call'; readonly index: number; readonly drawn: number } & (
      { readonly id: string; readonly name: string } | { readonly arguments: string }
    ))

/** `tool_calls`: the answer ended whole, with calls that the model chose to make. */
export type FinishReason = 'stop' | 'length' | 'tool_calls'

/** Tokens → text and calls, as soon as they are certain. */
export class AnswerText {
  readonly #options: AnswerTextOptions
  readonly #text: TokenText
  readonly #begin: CallMarks['begin'] | undefined
  #calls: CallReader | undefined
  /** Tokens of calls that no event has told of. */
  #drawn = 0

  constructor(options: AnswerTextOptions) {
    this.#options = options
    this.#begin = options.calls?.begin
    const marker = typeof this.#begin === 'object' ? this.#begin : null
    this.#text = new TokenText({ ...options, ...(marker && { marker }) })
    if (this.#begin === null) this.#calls = new CallReader()
  }

  /** A stop string is complete: `end` gives the rest, and there is nothing to push. */
  get stopped(): boolean {
    return this.#calls === undefined && this.#text.stopped
  }

  /** Throws InputError for a token outside the vocabulary. */
  *push(drawn: DrawnToken): Generator<AnswerEvent> {
    const { tokenizer, end } = this.#options
    if (this.#calls !== undefined) {
      this.#drawn++
      if (!end.includes(drawn.token)) yield* this.#read(this.#calls, tokenizer.bytes(drawn.token))
    } else if (drawn.token === this.#begin) {
      this.#drawn++
      yield* shown(this.#text.end())
      this.#calls = new CallReader()
    } else yield* this.#write(drawn)
  }

  /** Nothing follows. */
  *end(): Generator<AnswerEvent> {
    if (this.#calls === undefined) yield* shown(this.#text.end())
  }

  finished(reason: 'stop' | 'length'): FinishReason {
    const { calls } = this.#options
    return reason === 'stop' && calls !== undefined && this.#calls?.hasBegun ? calls.finish : reason
  }

  *#write(drawn: DrawnToken): Generator<AnswerEvent> {
    yield* shown(this.#text.push(drawn))
    const rest = this.#text.afterMarker
    if (rest === null) return
    yield* shown(this.#text.end())
    this.#calls = new CallReader()
    yield* this.#read(this.#calls, rest)
  }

  *#read(calls: CallReader, bytes: Uint8Array): Generator<AnswerEvent> {
    for (const part of calls.push(bytes)) {
      const drawn = this.#drawn
      this.#drawn = 0
      const event = { type: 'call', drawn } as const
      yield 'name' in part ? { ...event, ...part, id: callId() } : { ...event, ...part }
    }
  }
}

function* shown({ text, tokens }: Piece): Generator<AnswerEvent> {
  if (text !== '' || tokens.length > 0) yield { type: 'text', text, tokens }
}
