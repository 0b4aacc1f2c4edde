import { breaker } from './break-up.ts'
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
  /** There is a place for tools: `ChatOptions.tools`, calls and results have a form of their own. */
  readonly tools: boolean
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
      messages: messages.map(({ role, ...rest }) => ({ role, ...(mapStrings(withObjects(rest), change) as object) })),
      ...(options.tools && { tools: mapStrings(options.tools, change) }),
      add_generation_prompt: options.addGenerationPrompt ?? true,
    })
  }
  const tokens = [...tokenizer.control.keys()].filter((token) => token !== '')
  const breakUp = breaker(tokens)
  return {
    tools: /\btools\b/.test(source),
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

/** Templates write arguments of calls as JSON, from objects: OpenAI has them as strings of JSON, which would be quoted once more. */
function withObjects(message: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const calls = message['tool_calls']
  return Array.isArray(calls) ? { ...message, tool_calls: calls.map(withObject) } : message
}

function withObject(call: { readonly function?: { readonly arguments?: unknown } | null } | null): unknown {
  const given = call?.function?.arguments
  return typeof given === 'string' ? { ...call, function: { ...call!.function, arguments: parsed(given) } } : call
}

/** The text itself where it is no JSON. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}

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

/**
 * A template of a model by its name: `default` is chat_template.jinja, or the only one in tokenizer_config.json; others are
 * in a list there.
 */
export function chatTemplate(
  tokenizerConfig: Readonly<Record<string, unknown>>,
  file: string | undefined,
  name = 'default',
): string | undefined {
  if (file !== undefined && name === 'default') return file
  const given = tokenizerConfig['chat_template']
  if (!Array.isArray(given)) return typeof given === 'string' && name === 'default' ? given : undefined
  const entries = given as readonly { readonly name?: string; readonly template?: string }[]
  return entries.find((entry) => entry.name === name)?.template
}
