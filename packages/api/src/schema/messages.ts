import type { Message } from '@tramontane/core'
import { z } from 'zod'
import { unsupported } from './fault.ts'
import type { Limits } from './limits.ts'
import { objectOf } from './object.ts'
import { refusedFields } from './refused-fields.ts'

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
  const refusal = idle(z.string().max(limits.characters))
  const message = z.discriminatedUnion('role', [
    object({ role: z.enum(['system', 'developer']), ...all }),
    object({ role: z.literal('user'), ...all }),
    object({ role: z.literal('assistant'), ...all, refusal, ...refusedFields('chat', 'messages[].') }),
    object({ role: z.literal('tool'), ...all, tool_call_id: z.string().min(1).max(256) }),
  ])
  return z.array(message).min(1).max(limits.messages)
}

function idle<T extends z.ZodType>(schema: T) {
  return schema.nullish().meta({ description: 'Accepted without effect.' })
}

type Written = z.infer<ReturnType<typeof messagesSchema>>

/**
 * What a template gets: contents as strings, and all system messages, wherever they stood, as one at the front, joined by
 * a blank line. Of other fields only those of a tool's result are kept.
 */
export function arrange(messages: Written): Message[] {
  const system = messages.filter(isSystem).map(textOf)
  const turns = messages.filter((message) => !isSystem(message)).map(turnOf)
  const text = system.filter((content) => content !== '').join('\n\n')
  return system.length === 0 ? turns : [{ role: 'system', content: text }, ...turns]
}

function isSystem({ role }: Written[number]): boolean {
  return role === 'system' || role === 'developer'
}

function turnOf(message: Written[number]): Message {
  const turn = { role: message.role, content: textOf(message) }
  if (message.role !== 'tool') return turn
  return { ...turn, tool_call_id: message.tool_call_id, ...(message.name == null ? {} : { name: message.name }) }
}

function textOf({ content }: Written[number]): string {
  return typeof content === 'string' ? content : content.map(({ text }) => text).join('')
}
