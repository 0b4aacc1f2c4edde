import type { Folder } from './byte-source.ts'
import type { Chat } from './chat.ts'
import { openCheckpoint, type Checkpoint } from './checkpoint.ts'
import { readConfig, type Config } from './config.ts'
import { InputError } from './errors.ts'
import type { Graph } from './graph.ts'
import { loadText } from './load-text.ts'
import { mistral } from './mistral.ts'
import type { Tokenizer } from './tokenizer.ts'
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
    const text = (await loadText(folder, config.vocabulary)) ?? { tokenizer: null, chat: null }
    return { name: folder.name, config, graph, weights, checkpoint, ...text, close: () => checkpoint.close() }
  } catch (error) {
    await checkpoint.close()
    throw error
  }
}
