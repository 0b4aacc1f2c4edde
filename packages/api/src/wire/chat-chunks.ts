import type { AnswerEvent } from '../text/answer-text.ts'
import type { ChoiceEvent } from '../text/choice-text.ts'
import type { Indexed } from '../text/merge.ts'
import type { ChatChunkChoice, ChatCompletionChunk, ToolCallDelta } from '../schema/responses.ts'
import { chatLogprobs } from './logprobs.ts'
import { replyChunks, type ReplyMeta } from './reply-chunks.ts'

/** Per choice: the role when its prompt is fed, content, calls, an empty delta with the reason of its end; see `replyChunks`. */
export function chatChunks(
  meta: ReplyMeta,
  events: AsyncIterable<Indexed<ChoiceEvent>>,
): AsyncGenerator<ChatCompletionChunk> {
  return replyChunks('chat.completion.chunk', meta, events, (indexed) => choiceOf(indexed, meta.logprobs))
}

/** Undefined for what a reader gets nothing from. */
function choiceOf({ index, event }: Indexed<ChoiceEvent>, top: number | null): ChatChunkChoice | undefined {
  if (event.type === 'end') return { index, delta: {}, logprobs: null, finish_reason: event.reason }
  if (event.type === 'call') {
    return { index, delta: { tool_calls: [callDelta(event)] }, logprobs: null, finish_reason: null }
  }
  // Also where no token comes, a list that was asked for is there.
  const logprobs = top === null ? null : chatLogprobs(event.type === 'start' ? [] : event.tokens, top)
  if (event.type === 'start') {
    return { index, delta: { role: 'assistant', content: '' }, logprobs, finish_reason: null }
  }
  if (event.text === '' && !logprobs?.content?.length) return undefined
  return { index, delta: { content: event.text }, logprobs, finish_reason: null }
}

/** Id and name come once, with arguments to which those that follow are added. */
function callDelta(event: Extract<AnswerEvent, { type: 'call' }>): ToolCallDelta {
  const { index } = event
  if ('arguments' in event) return { index, function: { arguments: event.arguments } }
  return { index, id: event.id, type: 'function', function: { name: event.name, arguments: '' } }
}
