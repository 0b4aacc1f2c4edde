import { z } from 'zod'
import type { ChatMessage } from '../tools/conversation.ts'
import { unsupported } from './fault.ts'
import type { Limits } from './limits.ts'
import { objectOf } from './object.ts'
import { refusedFields } from './refused-fields.ts'
import { functionName, functionType, mostTools } from './tools.ts'

/** A conversation as clients write it. */
export function messagesSchema(limits: Limits) {
  const object = objectOf(limits)
  const onlyText = unsupported('only parts of type "text" are')
  const cache_control = idle(z.object({}))
  const part = object({ type: z.literal('text', { error: onlyText }), text: z.string(), cache_control })
  const content = z
    .union([z.string().max(limits.characters), z.array(part).min(1).max(1024)], {
      error: 'expected a string or a list of text parts',
    })
    .meta({ description: 'A text; parts of one are joined as they are.' })
  const all = { content, name: idle(z.string().max(256)), cache_control }
  const answer = {
    content: content.nullish(),
    refusal: idle(z.string().max(limits.characters)),
    tool_calls: z.array(call(limits)).max(mostTools.calls).nullish().meta({ description: 'Calls that it made.' }),
  }
  const message = z.discriminatedUnion('role', [
    object({ role: z.enum(['system', 'developer']), ...all }),
    object({ role: z.literal('user'), ...all }),
    object({ role: z.literal('assistant'), ...all, ...answer, ...refusedFields('chat', 'messages[].') }).meta({
      anyOf: saysOrCalls,
    }),
    object({ role: z.literal('tool'), ...all, tool_call_id: callId }),
  ])
  return z.array(message).min(1).max(limits.messages)
}

const callId = z.string().min(1).max(256)

function call(limits: Limits) {
  const object = objectOf(limits)
  return object({
    id: callId,
    type: functionType,
    function: object({
      name: functionName,
      arguments: z.string().max(limits.characters).meta({ description: 'A JSON object.' }),
    }),
  })
}

/** JSON Schema of a rule between fields, which `checkOrder` checks by hand. */
const saysOrCalls = [
  { required: ['content'], properties: { content: { type: ['string', 'array'] } } },
  { required: ['tool_calls'], properties: { tool_calls: { type: 'array', minItems: 1 } } },
]

function idle<T extends z.ZodType>(schema: T) {
  return schema.nullish().meta({ description: 'Accepted without effect.' })
}

export type WrittenMessage = z.infer<ReturnType<typeof messagesSchema>>[number]

/**
 * What a template gets: contents as strings, and all system messages, wherever they stood, as one at the front, joined by
 * a blank line. Of other fields only those of a tool's result and of calls are kept.
 */
export function arrange(messages: readonly WrittenMessage[]): ChatMessage[] {
  const system = messages.filter(isSystem).map(textOf)
  const turns = messages.filter((message) => !isSystem(message)).map(turnOf)
  const text = system.filter((content) => content !== '').join('\n\n')
  return system.length === 0 ? turns : [{ role: 'system', content: text }, ...turns]
}

function isSystem({ role }: WrittenMessage): boolean {
  return role === 'system' || role === 'developer'
}

function turnOf(message: WrittenMessage): ChatMessage {
  const turn = { role: message.role, content: textOf(message) }
  if (message.role === 'assistant' && message.tool_calls?.length) {
    const calls = message.tool_calls.map(({ id, type, function: { name, arguments: given } }) => {
      return { id, type, function: { name, arguments: given } }
    })
    return { ...turn, content: turn.content === '' ? null : turn.content, tool_calls: calls }
  }
  if (message.role !== 'tool') return turn
  return { ...turn, tool_call_id: message.tool_call_id, ...(message.name == null ? {} : { name: message.name }) }
}

function textOf({ content }: WrittenMessage): string {
  return typeof content === 'string' ? content : (content ?? []).map(({ text }) => text).join('')
}
