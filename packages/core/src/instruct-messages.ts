import type { ChatOptions, Message } from './chat.ts'
import { InputError, UnsupportedError } from './errors.ts'
import { pythonJson, reformat } from './python-json.ts'
import { shown } from './settings.ts'

/** Mistral's instruct formats: 1 of Mistral 7B v0.1 and v0.2, 2 of no open model, 3 of v0.3 and of Nemo. Later ones are not known. */
export type InstructVersion = 1 | 2 | 3

export interface Call {
  readonly name: string
  /** JSON. */
  readonly arguments: string
  readonly id: string
}

/** One message, or several of one role joined. */
export type Turn =
  | { readonly role: 'user'; readonly content: string }
  | { readonly role: 'assistant'; readonly content: string; readonly calls: readonly Call[]; readonly goesOn: boolean }
  | { readonly role: 'tool'; /** JSON. */ readonly content: string; readonly name: string | null; readonly id: string }

export interface Conversation {
  /** All system messages; empty for none. */
  readonly system: string
  readonly turns: readonly Turn[]
  /** JSON of each tool. */
  readonly tools: readonly string[]
}

type Role = Turn['role'] | 'system'

/** Which role may follow which. */
const followers: Readonly<Record<Role, readonly Role[]>> = {
  system: ['user', 'assistant', 'system'],
  user: ['assistant', 'system', 'user'],
  assistant: ['assistant', 'user', 'tool'],
  tool: ['assistant', 'tool', 'user'],
}

interface Checked {
  readonly role: Role
  readonly content: string | null
  readonly calls: readonly Call[]
  /** An assistant message that the model is to go on with. */
  readonly goesOn: boolean
  readonly source: Message
}

/**
 * What mistral-common makes of a request before it encodes it (validator.py and normalize.py of 1.13): the same is refused,
 * messages of one role in a row are joined by an empty line, system messages are taken out, tools are put into JSON.
 * Throws InputError saying which message is wrong.
 */
export function readConversation(
  messages: readonly Message[],
  { tools = [] }: ChatOptions,
  version: InstructVersion,
  name: string,
): Conversation {
  const checked = messages.map((message, i) => checkMessage(message, version, `${name}: message ${i}`))
  checkOrder(checked, name)
  const system = checked.filter(({ role, content }) => role === 'system' && content).map(({ content }) => content)
  const turns = groups(checked).flatMap((group) => turnsOf(group))
  if (turns[0]?.role !== 'user') turns.unshift({ role: 'user', content: '' })
  return { system: system.join('\n\n'), turns, tools: tools.map((tool, i) => toolJson(tool, `${name}: tool ${i}`)) }
}

function checkMessage(source: Message, version: InstructVersion, where: string): Checked {
  const role = source.role === 'developer' ? 'system' : source.role
  if (!Object.hasOwn(followers, role)) throw new InputError(`${where}: the role is ${JSON.stringify(role)}`)
  const content = textOf(source.content, where)
  const calls = role === 'assistant' ? callsOf(source['tool_calls'], version, where) : []
  if (role !== 'assistant' && content === null) throw new InputError(`${where}: expected content, found null`)
  if (role === 'assistant' && Boolean(content) === calls.length > 0) {
    throw new InputError(`${where}: an assistant message must have either content or tool_calls, but not both`)
  }
  if (role === 'tool') {
    if (source['name'] != null) checkName(source['name'], where)
    if (version === 3) checkId(source['tool_call_id'], where)
  }
  return { role, content, calls, goesOn: role === 'assistant' && source['prefix'] === true, source }
}

function textOf(content: unknown, where: string): string | null {
  if (content === null || content === undefined) return null
  if (typeof content === 'string') return content
  const parts = Array.isArray(content) ? (content as { type?: unknown; text?: unknown }[]) : []
  if (!Array.isArray(content) || !parts.every((part) => part?.type === 'text' && typeof part.text === 'string')) {
    throw new UnsupportedError(`${where}: expected content of text, found ${shown(content)}`)
  }
  return joined(parts.map(({ text }) => text as string))
}

function joined(texts: readonly (string | null)[]): string {
  return texts.filter((text) => text).join('\n\n')
}

function callsOf(given: unknown, version: InstructVersion, where: string): Call[] {
  if (given === null || given === undefined) return []
  if (!Array.isArray(given)) throw new InputError(`${where}: expected a list of tool_calls`)
  return (given as (Record<string, unknown> | null)[]).map((call) => {
    const { name, arguments: args } = (call?.['function'] ?? {}) as Record<string, unknown>
    checkName(name, where)
    if (version === 3) checkId(call?.['id'], where)
    if (args === undefined || Array.isArray(args) || !['string', 'object'].includes(typeof args)) {
      throw new InputError(`${where}: expected arguments as a string of JSON or an object, found ${shown(args)}`)
    }
    return {
      name,
      arguments: typeof args === 'string' ? jsonOf(args) : written(args ?? {}, where),
      id: call?.['id'] as string,
    }
  })
}

/** A text that should be JSON, as JSON: `{}` for none, and a string where it is not. */
function jsonOf(text: string): string {
  return text === '' ? '{}' : (reformat(text) ?? JSON.stringify(text))
}

/** JSON of a caller's value, which may hold itself, or nest deeper than can be written. */
function written(value: object, where: string): string {
  try {
    return pythonJson(value)
  } catch (error) {
    throw new InputError(`${where}: expected what JSON can hold, found ${(error as Error).message}`)
  }
}

function checkName(name: unknown, where: string): asserts name is string {
  if (typeof name === 'string' && /^[a-zA-Z0-9_-]{1,64}$/.test(name)) return
  throw new InputError(`${where}: function name was ${shown(name)}, expected 1 to 64 of a-z, A-Z, 0-9, _ and -`)
}

function checkId(id: unknown, where: string): void {
  if (typeof id === 'string' && /^[a-zA-Z0-9]{9}$/.test(id)) return
  throw new InputError(`${where}: tool call id was ${shown(id)}, expected 9 of a-z, A-Z, 0-9`)
}

function checkOrder(messages: readonly Checked[], name: string): void {
  const [first, last] = [messages[0], messages.at(-1)]
  if (first === undefined || last === undefined)
    throw new InputError(`${name}: expected at least one message, found none`)
  const ends = last.role === 'user' || last.role === 'system' || (messages.length > 1 && last.role === 'tool')
  if (!ends && !(messages.length > 1 && last.goesOn)) {
    throw new InputError(`${name}: expected the last message from user or tool, found ${last.role}`)
  }
  let open = 0
  for (const [i, { role, calls, goesOn }] of messages.entries()) {
    if (i === 0) continue
    const before = messages[i - 1].role
    if (!followers[before].includes(role))
      throw new InputError(`${name}: message ${i}: unexpected role ${role} after ${before}`)
    if (goesOn && i < messages.length - 1) throw new InputError(`${name}: message ${i}: a prefix must be last`)
    if (role === 'assistant' && open !== 0) {
      throw new InputError(`${name}: message ${i}: not the same number of function calls and responses before it`)
    }
    open += role === 'tool' ? -1 : calls.length
  }
}

/** Messages of one role that follow each other. */
function groups(messages: readonly Checked[]): Checked[][] {
  const found: Checked[][] = []
  for (const message of messages) {
    if (found.at(-1)?.[0].role === message.role) found.at(-1)!.push(message)
    else found.push([message])
  }
  return found
}

function turnsOf(group: readonly Checked[]): Turn[] {
  const [{ role }] = group
  const content = joined(group.map((message) => message.content))
  if (role === 'user') return [{ role, content }]
  if (role === 'assistant') {
    const goesOn = group.some((message) => message.goesOn)
    return [{ role, content, calls: group.flatMap(({ calls }) => calls), goesOn }]
  }
  if (role === 'system') return []
  return group.map(({ content, source }) => {
    const { name, tool_call_id } = source as { name?: string | null; tool_call_id?: string }
    return { role, content: jsonOf(content ?? ''), name: name ?? null, id: tool_call_id ?? '' }
  })
}

function toolJson(tool: object, where: string): string {
  const { type = 'function', function: given } = (tool ?? {}) as {
    type?: unknown
    function?: Record<string, unknown> | null
  }
  if (type !== 'function' || typeof given !== 'object' || given === null) {
    throw new InputError(`${where}: expected a function, found ${shown(tool)}`)
  }
  const { name, description, parameters } = given
  checkName(name, where)
  const known = { name, description: description ?? '', parameters: parameters ?? {} }
  return written({ type, function: known }, where)
}
