import type { DrawnToken, Generation } from '@tramontane/core'
import { cancellable } from './early-return.ts'
import { TokenText, type Piece, type TokenTextOptions } from './token-text.ts'
import type { TextToken } from './text-token.ts'

export type ChoiceTextOptions = TokenTextOptions

/** What becomes of one choice: one start, texts, one end. */
export type ChoiceEvent =
  | {
      readonly type: 'start'
      /** Tokens of the prompt that did not have to be computed. */
      readonly cached: number
      /** One per token of the prompt where their log-probabilities were asked for; null for the first. */
      readonly prompt: readonly (DrawnToken | null)[]
    }
  /** Whole characters; texts joined are the content. `tokens` are those whose last byte is in this text or an earlier one. */
  | { readonly type: 'text'; readonly text: string; readonly tokens: readonly TextToken[] }
  | {
      readonly type: 'end'
      readonly reason: 'stop' | 'length'
      /** Tokens drawn, the one that ended the text and those of a stop string among them. */
      readonly generated: number
    }

/**
 * Tokens → text that can be shown: without stop strings, without a beginning of one that may still become one, in whole
 * characters. A stop string ends the generation. Bytes that are not UTF-8 become U+FFFD as in TextDecoder; half a character
 * at the very end is dropped. Bytes of all tokens joined are the UTF-8 of the content (where that is valid text).
 * Returning it cancels the generation at once. Throws what the generation throws, and when that ends without saying so.
 */
export function choiceText(generation: Generation, options: ChoiceTextOptions): AsyncGenerator<ChoiceEvent> {
  return cancellable(events(generation, options), () => generation.cancel())
}

async function* events(generation: Generation, options: ChoiceTextOptions): AsyncGenerator<ChoiceEvent> {
  const text = new TokenText(options)
  let generated = 0
  for await (const event of generation) {
    if (event.type === 'prompt') yield { type: 'start', cached: event.cached, prompt: event.logprobs }
    if (event.type === 'token') {
      generated++
      yield* shown(text.push(event))
    }
    if (event.type !== 'end' && !text.stopped) continue
    if (text.stopped) generation.cancel()
    yield* shown(text.end())
    yield { type: 'end', reason: event.type === 'end' ? event.reason : 'stop', generated }
    return
  }
  throw new Error('the generation was cancelled before its end')
}

function* shown({ text, tokens }: Piece): Generator<ChoiceEvent> {
  if (text !== '' || tokens.length > 0) yield { type: 'text', text, tokens }
}
