import type { Conversation } from '../schema/requests.ts'
import type { TemplateInput } from './conversation.ts'
import { nativeInput } from './native.ts'
import { promptedInput } from './prompted.ts'
import type { Syntax } from './syntax.ts'

/** What the template is given of a conversation and its tools. */
export function templateInput({ messages, tools }: Conversation, { kind }: Syntax): TemplateInput {
  return kind === 'native' ? nativeInput(messages, tools) : promptedInput(messages, tools)
}
