import type { Folder } from './byte-source.ts'
import type { Format } from './checkpoint.ts'
import { readConfig, type Config } from './config.ts'
import { InputError } from './errors.ts'
import { readParams } from './params.ts'
import { parseSettings, shown, tokenIds, type Json } from './settings.ts'

/** What a folder says of its model, and where it says how the weights are quantised (for errors). */
export interface ModelSettings {
  readonly config: Config
  readonly claimant: string
}

/**
 * Reads params.json, or config.json with what generation_config.json and hf_quant_config.json add to it where they are.
 * Throws InputError naming the file that is missing or wrong.
 */
export async function readModelSettings(folder: Folder, format: Format): Promise<ModelSettings> {
  const at = (file: string): string => `${folder.name}/${file}`
  if (format === 'mistral') {
    const config = readParams(await folder.text('params.json'), at('params.json'))
    return { config, claimant: at('params.json: quantization') }
  }
  const own = readConfig(await folder.text('config.json'), at('config.json'))
  const end = [...new Set([...own.end, ...(await generationEnds(folder, own.vocabulary))])]
  const modelopt = own.quantization === null ? await modeloptQuantization(folder) : null
  if (modelopt === null) return { config: { ...own, end }, claimant: at('config.json: quantization_config') }
  return { config: { ...own, end, quantization: modelopt }, claimant: at('hf_quant_config.json') }
}

/** Ids that end a text by generation_config.json: those of chat models are often there alone. */
async function generationEnds(folder: Folder, vocabulary: number): Promise<readonly number[]> {
  const file = 'generation_config.json'
  if (!(await folder.has(file))) return []
  const name = `${folder.name}/${file}`
  const where = `${name}: eos_token_id`
  const ids = tokenIds(parseSettings(await folder.text(file), name)['eos_token_id'] ?? null, where)
  const beyond = ids.find((id) => id >= vocabulary)
  if (beyond === undefined) return ids
  throw new InputError(`${where}: expected ids below the vocabulary of ${vocabulary}, found ${shown(beyond)}`)
}

/** Older versions of ModelOpt say what they did beside config.json, and not in it. */
async function modeloptQuantization(folder: Folder): Promise<Json | null> {
  const file = 'hf_quant_config.json'
  if (!(await folder.has(file))) return null
  return { ...parseSettings(await folder.text(file), `${folder.name}/${file}`), quant_method: 'modelopt' }
}
