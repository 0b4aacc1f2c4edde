import type { Chat, ChatOptions, Message } from './chat.ts'
import type { Tokenizer } from './control-tokens.ts'
import { InputError, UnsupportedError } from './errors.ts'
import { readConversation, type Conversation, type InstructVersion, type Turn } from './instruct-messages.ts'

/** A piece of a prompt: the name of a control token, or a text that is encoded by itself, in SentencePiece with its own ▁ in front. */
type Part = { readonly control: string } | string

/**
 * Mistral's own instruct format, as mistral-common encodes it: for folders without a Jinja template. Every part is encoded apart
 * from the others, so that nothing a user writes becomes a control token. An assistant message that is last and has
 * `prefix: true` is left open. Throws InputError when the tokenizer lacks a control token of the version.
 */
export function instruct(tokenizer: Tokenizer, version: InstructVersion, name = 'instruct format'): Chat {
  const needed = ['<s>', '</s>', ...(version === 1 ? [] : toolTokens)]
  const missing = needed.filter((token) => !tokenizer.control.has(token))
  if (missing.length > 0)
    throw new InputError(`${name}: version ${version} needs the control tokens ${missing.join(' ')}`)
  const parts = (messages: readonly Message[], options: ChatOptions): Part[] => {
    const conversation = readConversation(messages, options, version, name)
    const turns = version === 1 ? plainParts(conversation, name) : toolParts(conversation, version, name)
    return [{ control: '<s>' }, ...turns]
  }
  const space = tokenizer.stripsLeadingSpace ? ' ' : ''
  const shown = (part: Part): string => (typeof part !== 'string' ? part.control : part === '' ? '' : space + part)
  return {
    tools: version > 1,
    render: (messages, options = {}) => parts(messages, options).map(shown).join(''),
    encode: (messages, options = {}) =>
      Int32Array.from(
        parts(messages, options).flatMap((part) =>
          typeof part === 'string' ? [...tokenizer.encode(part)] : [tokenizer.control.get(part.control)!],
        ),
      ),
  }
}

const toolTokens = [
  '[INST]', '[/INST]', '[TOOL_CALLS]', '[AVAILABLE_TOOLS]', '[/AVAILABLE_TOOLS]', '[TOOL_RESULTS]', '[/TOOL_RESULTS]',
] // prettier-ignore

/** Version 1: [INST] is text as any other, the system message comes before the first message of a user. */
function plainParts({ system, turns, tools }: Conversation, name: string): Part[] {
  if (
    tools.length > 0 ||
    turns.some((turn) => turn.role === 'tool' || (turn.role === 'assistant' && turn.calls.length > 0))
  ) {
    throw new UnsupportedError(`${name}: the instruct format of version 1 has no tools`)
  }
  const first = turns.findIndex(({ role }) => role === 'user')
  return turns.flatMap((turn, i) => {
    if (turn.role === 'assistant') return closed([turn.content], turn.goesOn)
    return `[INST] ${i === first ? withSystem(system, turn.content) : turn.content} [/INST]`
  })
}

/** Versions 2 and 3: tools and the system message come with the last message of a user. */
function toolParts({ system, turns, tools }: Conversation, version: 2 | 3, name: string): Part[] {
  const last = turns.findLastIndex(({ role }) => role === 'user')
  // Version 2 forgets tools that were used before the last question.
  const kept = turns.map((turn, i) => (version === 2 && i < last && usesTools(turn) ? null : turn))
  if (version === 2 && kept.some((turn, i) => turn?.role === 'tool' && kept[i - 1]?.role === 'tool')) {
    throw new UnsupportedError(`${name}: version 2 has no more than one tool result after a message of the assistant`)
  }
  return kept.flatMap((turn, i): Part[] => {
    if (turn === null) return []
    if (turn.role === 'tool') return between('TOOL_RESULTS', resultJson(turn, version))
    if (turn.role === 'assistant') return answerParts(turn, version, name)
    const available = i === last && tools.length > 0 ? between('AVAILABLE_TOOLS', `[${tools.join(', ')}]`) : []
    return [...available, ...between('INST', i === last ? withSystem(system, turn.content) : turn.content)]
  })
}

function usesTools(turn: Turn): boolean {
  return turn.role === 'tool' || (turn.role === 'assistant' && turn.calls.length > 0)
}

function answerParts(turn: Turn & { role: 'assistant' }, version: 2 | 3, name: string): Part[] {
  const { content, calls, goesOn } = turn
  if (calls.length === 0) return closed([content.replace(/ +$/, '')], goesOn)
  if (content !== '') throw new InputError(`${name}: an assistant's messages in a row have both content and tool_calls`)
  const json = calls.map(({ name, arguments: given, id }) => {
    return `{"name": "${name}", "arguments": ${given}${version === 3 ? `, "id": "${id}"` : ''}}`
  })
  return closed([{ control: '[TOOL_CALLS]' }, `[${json.join(', ')}]`], goesOn)
}

function resultJson({ content, name, id }: Turn & { role: 'tool' }, version: 2 | 3): string {
  return version === 3
    ? `{"content": ${content}, "call_id": "${id}"}`
    : `[{"name": ${JSON.stringify(name)}, "content": ${content}}]`
}

function between(token: string, text: string): Part[] {
  return [{ control: `[${token}]` }, text, { control: `[/${token}]` }]
}

function closed(parts: readonly Part[], goesOn: boolean): Part[] {
  return goesOn ? [...parts] : [...parts, { control: '</s>' }]
}

function withSystem(system: string, content: string): string {
  return system === '' ? content : `${system}\n\n${content}`
}
