import type { Message } from '@tramontane/core'
import { functionNames, type ChatMessage, type MessageCall, type TemplateInput } from './conversation.ts'
import { callClose, callOpen } from './syntax.ts'
import { mayCall, toolObject, type ToolUse } from './tool.ts'

/**
 * What a template without a place for tools is given: the tools in the system message, calls as what the assistant says, results
 * as what the user says, together with what the user says next, for such templates want the two in turn.
 */
export function promptedInput(messages: readonly ChatMessage[], use: ToolUse | null): TemplateInput {
  const names = functionNames(messages)
  const turns = messages.map((message) => plain(message, names))
  return { messages: merged(mayCall(use) ? withSystem(turns, toolPrompt(use)) : turns) }
}

/** What a model is told about its tools. */
export function toolPrompt(use: ToolUse): string {
  return `You can call functions. These are known, with the JSON Schema of their arguments:
<tools>${JSON.stringify(use.tools.map(toolObject))}</tools>

To call functions, write a list of calls, and nothing after it, in this form:
${callOpen}[{"name": "function", "arguments": {"name": "value"}}]${callClose}
What they return is then told between <tool_response> and </tool_response>.
${howMany(use)}`
}

function howMany({ choice, parallel }: ToolUse): string {
  if (typeof choice === 'object') return `Now call the function ${choice.name}, once, and write nothing else.`
  const number = parallel ? 'one or more functions' : 'one function'
  if (choice === 'required') return `Now call ${number}, and write nothing else.`
  return `Call ${number} where that helps; otherwise answer in words.`
}

/** A message in words; `results` of tools are not yet what the user says. */
interface Turn extends Message {
  readonly content: string
  readonly results?: true
}

function plain({ role, content, tool_calls: calls, ...rest }: ChatMessage, names: ReadonlyMap<string, string>): Turn {
  if (role === 'tool') {
    const name = rest.name ?? names.get(rest.tool_call_id ?? '') ?? ''
    return { role: 'user', content: resultText(name, content ?? ''), results: true }
  }
  return { role, content: (content ?? '') + (calls === undefined ? '' : callText(calls)) }
}

/** As the model itself writes them, so that what it has read need not be read again. */
function callText(calls: readonly MessageCall[]): string {
  const list = calls.map(({ function: { name, arguments: given } }) => `{"name": "${name}", "arguments": ${given}}`)
  return `${callOpen}[${list.join(', ')}]${callClose}`
}

function resultText(name: string, content: string): string {
  return `<tool_response>{"name": ${JSON.stringify(name)}, "content": ${isJson(content) ? content : JSON.stringify(content)}}</tool_response>`
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function withSystem(turns: readonly Turn[], text: string): Turn[] {
  const [first, ...others] = turns
  if (first?.role !== 'system') return [{ role: 'system', content: text }, ...turns]
  return [{ role: 'system', content: first.content === '' ? text : `${first.content}\n\n${text}` }, ...others]
}

/** Results line by line, and a question behind them by a blank line. */
function merged(turns: readonly Turn[]): Message[] {
  const found: Turn[] = []
  for (const turn of turns) {
    const before = found.at(-1)
    if (before?.results === undefined || turn.role !== 'user') found.push(turn)
    else found[found.length - 1] = joined(before, turn)
  }
  return found.map(({ role, content }) => ({ role, content }))
}

function joined(before: Turn, { content, results }: Turn): Turn {
  if (results) return { ...before, content: `${before.content}\n${content}` }
  return { role: 'user', content: `${before.content}\n\n${content}` }
}
