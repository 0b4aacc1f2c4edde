import type { Folder } from './byte-source.ts'
import { chat, chatTemplate, type Chat } from './chat.ts'
import type { Config } from './config.ts'
import type { Tokenizer } from './control-tokens.ts'
import { InputError, UnsupportedError } from './errors.ts'
import { instruct } from './instruct.ts'
import type { InstructVersion } from './instruct-messages.ts'
import { sentencePiece } from './sentencepiece.ts'
import { modelLimit } from './sentencepiece-model.ts'
import { parseSettings, type Json } from './settings.ts'
import { tekken, type Tekken } from './tekken.ts'
import { tokenizer } from './tokenizer.ts'

/** What a model folder says about text. `chat` is null for a model without a chat template. */
export interface Text {
  readonly tokenizer: Tokenizer
  readonly chat: Chat | null
}

/** What config.json says of the vocabulary; nothing is checked where it is not known. */
export type ExpectedVocabulary = Partial<Pick<Config, 'vocabulary' | 'begin' | 'end'>>

export interface TextOptions {
  /** Which chat template, where the folder has several; its `default`. */
  readonly template?: string
}

/** Files with a tokenizer, the first one that is there is taken. Mistral's own names carry a version; m1 is with images. */
const versions = ['v7', 'v7m1', 'v3', 'v2', 'v1']
export const tokenizerFiles = [
  'tokenizer.json',
  'tekken.json',
  'tokenizer.model',
  ...versions.map((v) => `tokenizer.model.${v}`),
]

/**
 * Reads a folder's tokenizer and chat template, weights or not; null where it has no tokenizer. `tokenizer.json` comes before
 * `tekken.json`, that before `tokenizer.model`. Where Mistral's own format is one that is not known, and there is no template,
 * `chat` throws UnsupportedError when it is used. Throws InputError naming the file, UnsupportedError for a tokenizer of
 * another kind.
 */
export async function loadText(
  folder: Folder,
  expected: ExpectedVocabulary = {},
  { template = 'default' }: TextOptions = {},
): Promise<Text | null> {
  const file = await firstOf(folder)
  if (file === undefined) return null
  const where = `${folder.name}/${file}`
  const settings = (await folder.has('tokenizer_config.json'))
    ? parseSettings(await folder.text('tokenizer_config.json'), `${folder.name}/tokenizer_config.json`)
    : {}
  const encoder = await read(folder, file, where, settings)
  checkVocabulary(encoder, expected, file, where)
  const jinja = await jinjaChat(folder, encoder, settings, template)
  return { tokenizer: encoder, chat: jinja ?? (await mistralChat(folder, encoder, file)) }
}

async function firstOf(folder: Folder): Promise<string | undefined> {
  for (const file of tokenizerFiles) if (await folder.has(file)) return file
  return undefined
}

async function read(folder: Folder, file: string, where: string, settings: Json): Promise<Tokenizer | Tekken> {
  if (file === 'tokenizer.json') return tokenizer(await folder.text(file), where)
  const addBos = settings['add_bos_token'] !== false
  if (file === 'tekken.json') return tekken(await folder.text(file), where, { addBos })
  const templatePrefix = settings['legacy'] === false ? 'first' : 'every'
  return sentencePiece(await bytesOf(folder, file), where, { templatePrefix, addBos })
}

async function bytesOf(folder: Folder, file: string): Promise<Uint8Array> {
  const source = await folder.open(file)
  try {
    if (source.size <= modelLimit) return await source.read(0, source.size)
    throw new InputError(
      `${source.name}: ${source.size} bytes, expected a SentencePiece model of at most ${modelLimit}`,
    )
  } finally {
    await source.close()
  }
}

function checkVocabulary(encoder: Tokenizer, expected: ExpectedVocabulary, file: string, where: string): void {
  const { vocabulary, begin, end = [] } = expected
  if (vocabulary !== undefined && encoder.size > vocabulary) {
    throw new InputError(`${where}: ${encoder.size} tokens, but the model has a vocabulary of ${vocabulary}`)
  }
  // A tokenizer.json may leave out of its added tokens what the model never sees in a text.
  if (file === 'tokenizer.json') return
  const control = new Set(encoder.control.values())
  const [odd] = [...(begin == null ? [] : [begin]), ...end].filter((id) => !control.has(id))
  if (odd === undefined) return
  throw new InputError(`${where}: token ${odd}, a begin or end token of the model, is no control piece here`)
}

async function jinjaChat(folder: Folder, encoder: Tokenizer, settings: Json, template: string): Promise<Chat | null> {
  const file = (await folder.has('chat_template.jinja')) ? await folder.text('chat_template.jinja') : undefined
  const source = chatTemplate(settings, file, template)
  if (source === undefined && template !== 'default') {
    throw new InputError(`${folder.name}: expected a chat template ${JSON.stringify(template)}, found none`)
  }
  if (source === undefined) return null
  const tokens = Object.entries(settings).filter(([key]) => key.endsWith('_token'))
  const variables = tokens.map(([key, value]) => [key, typeof value === 'string' ? value : contentOf(value)])
  return ofFolder(folder, () => chat(encoder, source, Object.fromEntries(variables)))
}

/**
 * What is refused here is the folder's fault, and names it. What the chat refuses later is the messages' fault: whoever wrote
 * them may be anybody, and must not learn where the model lies.
 */
function ofFolder(folder: Folder, make: () => Chat): Chat {
  try {
    return make()
  } catch (error) {
    throw error instanceof InputError ? new InputError(`${folder.name}: ${error.message}`) : error
  }
}

/** A token of tokenizer_config.json that is written as an object. */
function contentOf(token: unknown): string | null {
  return (token as { content?: string } | null)?.content ?? null
}

/** Mistral's own format, for a tokenizer of theirs beside which there is no template. */
async function mistralChat(folder: Folder, encoder: Tokenizer | Tekken, file: string): Promise<Chat | null> {
  if (file === 'tokenizer.json') return null
  const version = 'version' in encoder ? encoder.version : await versionOf(folder, encoder, file)
  if (version === null) return null
  const known = instructVersions.find((number) => version === `v${number}`)
  if (known !== undefined) return ofFolder(folder, () => instruct(encoder, known))
  return refused(`instruct format: ${version} is not supported, expected v1, v2, v3 or a chat template`)
}

const instructVersions: readonly InstructVersion[] = [1, 2, 3]

/** A format that is not known stands in the way of chats, not of numbers or of plain text. */
function refused(message: string): Chat {
  const refuse = (): never => {
    throw new UnsupportedError(message)
  }
  return { tools: false, render: refuse, encode: refuse }
}

/** By the file's name, else by the control pieces, of which later versions name more; else v1 in a folder of Mistral's format. */
async function versionOf(folder: Folder, encoder: Tokenizer, file: string): Promise<string | null> {
  const [, suffix] = /\.(v\d+)(?:m\d)?$/.exec(file) ?? []
  if (suffix !== undefined) return suffix
  if (encoder.control.has('[SYSTEM_PROMPT]')) return 'v7'
  if (encoder.control.has('[TOOL_RESULTS]')) return encoder.control.has('[PREFIX]') ? 'v3' : 'v2'
  return (await folder.has('params.json')) && !(await folder.has('config.json')) ? 'v1' : null
}
