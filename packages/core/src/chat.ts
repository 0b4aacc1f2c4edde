import { InputError } from './errors.ts'
import { template } from './template.ts'
import type { Tokenizer } from './tokenizer.ts'

/** One message of a conversation, in OpenAI's shape. */
export interface Message {
  readonly role: 'system' | 'developer' | 'user' | 'assistant' | 'tool'
  readonly content: string | null
  readonly [key: string]: unknown
}

export interface ChatOptions {
  readonly tools?: readonly object[]
  /** Ends with the words that let the model answer; default true. */
  readonly addGenerationPrompt?: boolean
}

/** Messages → prompt, by the model's own template. */
export interface Chat {
  render(messages: readonly Message[], options?: ChatOptions): string
  /** Control tokens come from the template alone, whatever the messages and tools hold. */
  encode(messages: readonly Message[], options?: ChatOptions): Int32Array
}

/** `variables` are those of tokenizer_config.json that templates use: `bos_token`, `eos_token`, … */
export function chat(
  tokenizer: Tokenizer,
  source: string,
  variables: Readonly<Record<string, unknown>> = {},
  name = 'chat template',
): Chat {
  const render = template(source, name)
  const guarded = (messages: readonly Message[], options: ChatOptions, change: (text: string) => string): string => {
    if (messages.length === 0) throw new InputError(`${name}: expected at least one message, found none`)
    for (const { role } of messages) {
      if (!roles.has(role)) throw new InputError(`${name}: a message's role is ${JSON.stringify(role)}`)
    }
    return render({
      ...variables,
      messages: messages.map(({ role, ...rest }) => ({ role, ...(mapStrings(rest, change) as object) })),
      ...(options.tools && { tools: mapStrings(options.tools, change) }),
      add_generation_prompt: options.addGenerationPrompt ?? true,
    })
  }
  const tokens = [...tokenizer.control.keys()].filter((token) => token !== '')
  return {
    render: (messages, options = {}) => guarded(messages, options, (text) => text),
    encode(messages, options = {}) {
      const guard = unusedCharacter(source + JSON.stringify([messages, options.tools ?? [], tokens, variables]))
      const escaped = `\\u${guard.charCodeAt(0).toString(16)}`
      const change = (text: string): string => (isLiteral(text, source) ? text : breakUp(text, tokens, guard))
      const text = guarded(messages, options, change)
      return tokenizer.encodeTemplate(text, (segment) => segment.replaceAll(guard, '').replaceAll(escaped, ''))
    },
  }
}

const roles: ReadonlySet<unknown> = new Set<Message['role']>(['system', 'developer', 'user', 'assistant', 'tool'])

/** A word that the template itself writes in quotes: it must still be equal to that, as in `part.type == 'text'`. */
function isLiteral(text: string, source: string): boolean {
  return /^\w+$/.test(text) && (source.includes(`'${text}'`) || source.includes(`"${text}"`))
}

/** A private-use character that occurs nowhere in the text. */
function unusedCharacter(text: string): string {
  for (let code = 0xe000; code < 0xf900; code++) {
    const character = String.fromCharCode(code)
    if (!text.includes(character) && !text.toLowerCase().includes(`\\u${code.toString(16)}`)) return character
  }
  throw new InputError('the messages use every private-use character')
}

/**
 * Puts the guard into every control token that a text holds, and around a text of which a part could join with the
 * template's own words. The guard is taken out again after the control tokens have been found. White space stays
 * outside, where a template's `trim` finds it.
 */
function breakUp(text: string, tokens: readonly string[], guard: string): string {
  let out = text
  for (const token of tokens) {
    // Again and again: in "[[[", breaking the first "[[" leaves another.
    while (token.length > 1 && out.includes(token)) out = out.replaceAll(token, () => token[0] + guard + token.slice(1))
  }
  const core = text.trim()
  if (!tokens.some((token) => joins(core, token))) return out
  const start = text.length - text.trimStart().length
  const end = text.length - text.trimEnd().length
  return text.slice(0, start) + guard + out.slice(start, out.length - end) + guard + text.slice(text.length - end)
}

/** Whether a text starts with the end of a token, ends with its start, or lies within it. */
function joins(text: string, token: string): boolean {
  if (text === '') return false
  if (token.includes(text)) return true
  return Array.from({ length: token.length - 1 }, (_, i) => i + 1).some(
    (part) => text.startsWith(token.slice(part)) || text.endsWith(token.slice(0, part)),
  )
}

/** The same value with every string in it changed, and every key that is no plain word. */
function mapStrings(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value)
  if (Array.isArray(value)) return value.map((element) => mapStrings(element, change))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, element]) => [/^\w+$/.test(key) ? key : change(key), mapStrings(element, change)]),
  )
}

/** The template of a model: chat_template.jinja, or the one in tokenizer_config.json (of a list, the default one). */
export function chatTemplate(
  tokenizerConfig: Readonly<Record<string, unknown>>,
  file: string | undefined,
): string | undefined {
  if (file !== undefined) return file
  const given = tokenizerConfig['chat_template']
  if (!Array.isArray(given)) return typeof given === 'string' ? given : undefined
  const entries = given as readonly { readonly name?: string; readonly template?: string }[]
  return entries.find((entry) => entry.name === 'default')?.template
}
