import type { Folder } from './byte-source.ts'
import { chat, chatTemplate, type Chat } from './chat.ts'
import { InputError } from './errors.ts'
import { tokenizer, type Tokenizer } from './tokenizer.ts'

/** What a model folder says about text. `chat` is null for a model without a chat template. */
export interface Text {
  readonly tokenizer: Tokenizer
  readonly chat: Chat | null
}

/** Reads a folder's tokenizer and chat template; null where it has no tokenizer. Throws InputError naming the file. */
export async function loadText(folder: Folder, vocabulary: number): Promise<Text | null> {
  if (!(await folder.has('tokenizer.json'))) return null
  const where = `${folder.name}/tokenizer.json`
  const encoder = tokenizer(await folder.text('tokenizer.json'), where)
  if (encoder.size > vocabulary) {
    throw new InputError(`${where}: ${encoder.size} tokens, but config.json has a vocabulary of ${vocabulary}`)
  }
  return { tokenizer: encoder, chat: await chatOf(folder, encoder) }
}

async function chatOf(folder: Folder, encoder: Tokenizer): Promise<Chat | null> {
  const settings = (await folder.has('tokenizer_config.json'))
    ? parse(await folder.text('tokenizer_config.json'), folder.name)
    : {}
  const file = (await folder.has('chat_template.jinja')) ? await folder.text('chat_template.jinja') : undefined
  const source = chatTemplate(settings, file)
  if (source === undefined) return null
  const variables = Object.fromEntries(
    Object.entries(settings)
      .filter(([key]) => key.endsWith('_token'))
      .map(([key, value]) => [
        key,
        typeof value === 'string' ? value : ((value as { content?: string } | null)?.content ?? null),
      ]),
  )
  return chat(encoder, source, variables, `${folder.name}: chat template`)
}

function parse(text: string, name: string): Record<string, unknown> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>
  } catch (error) {
    throw new InputError(`${name}/tokenizer_config.json: not JSON: ${(error as Error).message}`)
  }
  throw new InputError(`${name}/tokenizer_config.json: expected an object, found another value`)
}
