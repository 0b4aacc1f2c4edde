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
      const held = source + JSON.stringify([messages, options.tools ?? [], tokens, variables])
      // A token of one character cannot be broken up: another character stands for it meanwhile.
      const single = tokens.filter((token) => token.length === 1)
      const [guard, ...others] = unusedCharacters(held, 1 + single.length)
      const change = (text: string): string => {
        if (isLiteral(text, source) && !tokens.some((token) => text.includes(token))) return text
        return breakUp(
          single.reduce((out, token, i) => out.replaceAll(token, others[i]), text),
          tokens,
          guard,
        )
      }
      const restore = (segment: string): string =>
        single.reduce((out, token, i) => restored(out, others[i], token), restored(segment, guard, ''))
      return tokenizer.encodeTemplate(guarded(messages, options, change), restore)
    },
  }
}

const roles: ReadonlySet<unknown> = new Set<Message['role']>(['system', 'developer', 'user', 'assistant', 'tool'])

/** A word that the template itself writes in quotes: it must still be equal to that, as in `part.type == 'text'`. */
function isLiteral(text: string, source: string): boolean {
  return /^\w+$/.test(text) && (source.includes(`'${text}'`) || source.includes(`"${text}"`))
}

/** Private-use characters that occur nowhere in the text. */
function unusedCharacters(text: string, count: number): string[] {
  const lower = text.toLowerCase()
  const found: string[] = []
  for (let code = 0xe000; code < 0xf900 && found.length < count; code++) {
    const character = String.fromCharCode(code)
    if (!lower.includes(character) && !lower.includes(escaped(character))) found.push(character)
  }
  if (found.length < count) throw new InputError('the messages use every private-use character')
  return found
}

/** As `tojson(ensure_ascii=true)` writes it. */
function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16)}`
}

/** Puts the original back for its stand-in, however that was written. */
function restored(text: string, standIn: string, original: string): string {
  return text.replaceAll(standIn, () => original).replaceAll(escaped(standIn), () => original)
}

/**
 * Puts the guard into every control token that a text holds, and around a text of which a part could join with the
 * template's own words. The guard is taken out again after the control tokens have been found. White space stays
 * outside, where a template's `trim` finds it.
 */
function breakUp(text: string, tokens: readonly string[], guard: string): string {
  let out = text
  for (const token of tokens) {
    if (token.length < 2) continue
    // Whatever the case: a template may change it.
    const whole = new RegExp(token.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'), 'gi')
    // Again and again: in "[[[", breaking the first "[[" leaves another.
    while (out.search(whole) >= 0) out = out.replace(whole, (found) => found[0] + guard + found.slice(1))
  }
  const core = text.trim().toLowerCase()
  if (!tokens.some((token) => joins(core, token.toLowerCase()))) return out
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
    Object.entries(value).map(([key, element]) => [mapKey(key, change), mapStrings(element, change)]),
  )
}

/** A key that a template can name, `message.content`, stays unless it holds a whole control token. */
function mapKey(key: string, change: (text: string) => string): string {
  const changed = change(key)
  // Longer by the guard inside, and not by one at each end alone.
  return /^\w+$/.test(key) && changed.slice(1, -1) === key ? key : changed
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
