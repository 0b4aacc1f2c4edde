import { CallIds } from './call-id.ts'
import { functionNames, type ChatMessage, type TemplateInput } from './conversation.ts'
import { toolObject, type ToolUse } from './tool.ts'

/**
 * What a template with a place for tools is given: messages as they are, but for ids. Mistral's formats know those of nine
 * letters and digits alone; others are replaced, each by one of its own. Results that do not say so are told whose they are. (They also want text or calls in one message of the
 * assistant, not both: what to do with both is for the template to say, and Mistral's own formats refuse it.)
 */
export function nativeInput(messages: readonly ChatMessage[], use: ToolUse | null): TemplateInput {
  const ids = new CallIds(messages.flatMap(({ tool_calls: calls = [] }) => calls.map(({ id }) => id)))
  const names = functionNames(messages)
  const turns = messages.map((message): ChatMessage => {
    const { tool_calls: calls, tool_call_id: id, name = names.get(id ?? '') } = message
    return {
      ...message,
      ...(id !== undefined && { tool_call_id: ids.of(id), ...(name !== undefined && { name }) }),
      ...(calls && { tool_calls: calls.map((call) => ({ ...call, id: ids.of(call.id) })) }),
    }
  })
  return { messages: turns, ...(use && { tools: use.tools.map(toolObject) }) }
}
