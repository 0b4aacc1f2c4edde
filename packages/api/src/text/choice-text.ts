import type { DrawnToken, Generation } from '@tramontane/core'
import { AnswerText, type AnswerEvent, type AnswerTextOptions, type FinishReason } from './answer-text.ts'
import { cancellable } from './early-return.ts'

export type ChoiceTextOptions = AnswerTextOptions

/** What becomes of one choice: one start, texts, calls, one end. */
export type ChoiceEvent =
  | {
      readonly type: 'start'
      /** Tokens of the prompt that did not have to be computed. */
      readonly cached: number
      /** One per token of the prompt where their log-probabilities were asked for; null for the first. */
      readonly prompt: readonly (DrawnToken | null)[]
    }
  | AnswerEvent
  | {
      readonly type: 'end'
      readonly reason: FinishReason
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
  const answer = new AnswerText(options)
  let generated = 0
  for await (const event of generation) {
    if (event.type === 'prompt') yield { type: 'start', cached: event.cached, prompt: event.logprobs }
    if (event.type === 'token') {
      generated++
      yield* answer.push(event)
    }
    if (event.type !== 'end' && !answer.stopped) continue
    if (answer.stopped) generation.cancel()
    yield* answer.end()
    yield { type: 'end', reason: answer.finished(event.type === 'end' ? event.reason : 'stop'), generated }
    return
  }
  throw new Error('the generation was cancelled before its end')
}
