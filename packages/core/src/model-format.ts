import type { Folder } from './byte-source.ts'
import { weightFiles, type Format } from './checkpoint.ts'
import { InputError } from './errors.ts'

/** What a folder holds of the two formats, by name. */
interface Found {
  readonly settings: string | null
  readonly weights: string | null
}

const settingsFiles = { huggingface: 'config.json', mistral: 'params.json' } as const

/**
 * Which of the two formats a folder is in. Published ones carry both: Hugging Face's is taken, whole, if it has settings
 * and weights; else Mistral's, if it has both. Halves of two formats are not put together. Throws InputError naming
 * what was found and what is missing. Spec: [native.1].
 */
export async function modelFormat(folder: Folder): Promise<Format> {
  const theirs = await find(folder, 'huggingface')
  const native = await find(folder, 'mistral')
  const complete = ({ settings, weights }: Found): boolean => settings !== null && weights !== null
  if (complete(theirs)) return 'huggingface'
  if (theirs.weights === null && complete(native)) return 'mistral'
  throw new InputError(`${folder.name}: ${complaint(theirs, native, await folder.has('consolidated.00.pth'))}`)
}

async function find(folder: Folder, format: Format): Promise<Found> {
  const { index, single } = weightFiles[format]
  const settings = settingsFiles[format]
  const weights = (await folder.has(index)) ? index : (await folder.has(single)) ? single : null
  return { settings: (await folder.has(settings)) ? settings : null, weights }
}

function complaint(theirs: Found, native: Found, pickled: boolean): string {
  const weights = (format: Format): string => `${weightFiles[format].index} or ${weightFiles[format].single}`
  if (theirs.weights !== null && native.settings !== null && native.weights !== null) {
    const use = `remove ${theirs.weights} to use ${native.settings} and ${native.weights}`
    return `expected config.json beside ${theirs.weights}, found none; add it, or ${use}`
  }
  if (theirs.weights === null && native.weights !== null) {
    return `expected params.json beside ${native.weights}, found none`
  }
  if (theirs.settings === null && theirs.weights === null && native.settings !== null) {
    const hint = pickled ? ' but consolidated.00.pth, which is a pickle and not read' : ''
    return `expected ${weights('mistral')} beside params.json, found neither${hint}`
  }
  if (theirs.settings === null) return 'expected a file "config.json", found none'
  return `expected ${weights('huggingface')}, found neither`
}
