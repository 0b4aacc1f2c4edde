import type { Folder } from './byte-source.ts'
import type { Chat } from './chat.ts'
import { openCheckpoint, type Checkpoint } from './checkpoint.ts'
import type { Config } from './config.ts'
import { InputError, UnsupportedError } from './errors.ts'
import type { Graph } from './graph.ts'
import { loadText, type ExpectedVocabulary, type Text } from './load-text.ts'
import { mistral } from './mistral.ts'
import { modelFormat } from './model-format.ts'
import { readModelSettings } from './model-settings.ts'
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
  /** Why there is no tokenizer, where the folder has one of a kind that is not supported. */
  readonly refusal?: UnsupportedError
}

/** Opens a folder of Hugging Face's format or of Mistral's own. Throws InputError naming the file that is missing or wrong. */
export async function loadFolder(folder: Folder): Promise<Model> {
  const model = await loadBare(folder)
  if (model.tokenizer !== null) return { ...model, tokenizer: model.tokenizer }
  await model.close()
  const files = '"tokenizer.json", "tekken.json" or "tokenizer.model"'
  throw model.refusal ?? new InputError(`${folder.name}: expected a file ${files}, found none`)
}

/** The same for a folder that may have no tokenizer, or one that is not supported. */
export async function loadBare(folder: Folder): Promise<BareModel> {
  const format = await modelFormat(folder)
  const { config, claimant } = await readModelSettings(folder, format)
  const checkpoint = await openCheckpoint(folder, format)
  try {
    const weights = openWeights(checkpoint, config, claimant)
    const graph = mistral(config, weights.specs)
    const text = await supportedText(folder, config)
    return { name: folder.name, config, graph, weights, checkpoint, ...text, close: () => checkpoint.close() }
  } catch (error) {
    await checkpoint.close()
    throw error
  }
}

async function supportedText(
  folder: Folder,
  config: ExpectedVocabulary,
): Promise<Text | Pick<BareModel, 'tokenizer' | 'chat' | 'refusal'>> {
  try {
    return (await loadText(folder, config)) ?? { tokenizer: null, chat: null }
  } catch (error) {
    if (error instanceof UnsupportedError) return { tokenizer: null, chat: null, refusal: error }
    throw error
  }
}
