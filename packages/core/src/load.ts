import type { Folder } from './byte-source.ts'
import { chat, chatTemplate, type Chat } from './chat.ts'
import { openCheckpoint, type Checkpoint } from './checkpoint.ts'
import { readConfig, type Config } from './config.ts'
import { InputError } from './errors.ts'
import type { Graph } from './graph.ts'
import { mistral } from './mistral.ts'
import { tokenizer, type Tokenizer } from './tokenizer.ts'
import { openWeights, type WeightSource } from './weights.ts'

/** A model folder, opened: everything but a device to run it. */
export interface Model {
  readonly name: string
  readonly config: Config
  readonly graph: Graph
  readonly weights: WeightSource
  readonly checkpoint: Checkpoint
  readonly tokenizer: Tokenizer
  /** Null for a model without a chat template. */
  readonly chat: Chat | null
  close(): Promise<void>
}

/** A model of which only the numbers are wanted. */
export type BareModel = Omit<Model, 'tokenizer' | 'chat'> & {
  readonly tokenizer: Tokenizer | null
  readonly chat: Chat | null
}

/** Opens a Hugging Face model folder. Throws InputError naming the file that is missing or wrong. */
export async function loadFolder(folder: Folder): Promise<Model> {
  const model = await loadBare(folder)
  if (model.tokenizer !== null) return { ...model, tokenizer: model.tokenizer }
  await model.close()
  throw new InputError(`${folder.name}: expected a file "tokenizer.json", found none`)
}

/** The same for a folder that may have no tokenizer. */
export async function loadBare(folder: Folder): Promise<BareModel> {
  const config = readConfig(await folder.text('config.json'), `${folder.name}/config.json`)
  const checkpoint = await openCheckpoint(folder)
  try {
    const weights = openWeights(checkpoint, config)
    const graph = mistral(config, weights.specs)
    const bare = {
      name: folder.name,
      config,
      graph,
      weights,
      checkpoint,
      tokenizer: null,
      chat: null,
      close: () => checkpoint.close(),
    }
    return (await folder.has('tokenizer.json')) ? await withText(folder, bare) : bare
  } catch (error) {
    await checkpoint.close()
    throw error
  }
}

async function withText(folder: Folder, model: BareModel): Promise<Model> {
  const where = `${folder.name}/tokenizer.json`
  const encoder = tokenizer(await folder.text('tokenizer.json'), where)
  if (encoder.size > model.config.vocabulary) {
    throw new InputError(
      `${where}: ${encoder.size} tokens, but config.json has a vocabulary of ${model.config.vocabulary}`,
    )
  }
  return { ...model, tokenizer: encoder, chat: await chatOf(folder, encoder) }
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
