import { checkFileName, type Folder } from './byte-source.ts'
import { InputError } from './errors.ts'
import { excerpt, JsonScanner } from './json-scanner.ts'
import { openSafetensors, type Safetensors } from './safetensors.ts'
import type { Range, Spec, Tensor } from './tensor.ts'

/** Whose names the files and tensors of a model have: Hugging Face's, or Mistral's own. */
export type Format = 'huggingface' | 'mistral'

/** The weights of a model: one safetensors file, or several with an index. */
export interface Checkpoint {
  readonly name: string
  readonly format: Format
  /** The files' own metadata; where two files give a key, the last of them counts, as in transformers. */
  readonly metadata: ReadonlyMap<string, string>
  readonly tensors: ReadonlyMap<string, Spec>
  /** Name of the file that holds a tensor. Throws InputError for an unknown tensor. */
  shard(name: string): string
  /** As `Safetensors.read`. */
  read(name: string, rows?: Range): Promise<Tensor>
  close(): Promise<void>
}

/** What the weight files of each format are called. */
export const weightFiles = {
  huggingface: { index: 'model.safetensors.index.json', single: 'model.safetensors' },
  mistral: { index: 'consolidated.safetensors.index.json', single: 'consolidated.safetensors' },
} as const

/**
 * Opens the index and all shards it names, or else the single file. Throws InputError when neither is there, and when
 * index and shards do not agree on every tensor.
 */
export async function openCheckpoint(folder: Folder, format: Format = 'huggingface'): Promise<Checkpoint> {
  const { index: indexFile, single: singleFile } = weightFiles[format]
  const index = (await folder.has(indexFile)) ? await readIndex(folder, indexFile) : undefined
  if (index === undefined && !(await folder.has(singleFile))) {
    throw new InputError(`${folder.name}: expected ${indexFile} or ${singleFile}, found neither`)
  }
  const files = new Map<string, Safetensors>()
  const close = async () => void (await Promise.all([...files.values()].map((file) => file.close())))
  try {
    for (const shard of index === undefined ? [singleFile] : new Set(index.values())) {
      files.set(shard, await openShard(folder, shard, indexFile))
    }
    const owners = ownersOf(folder.name, files)
    if (index !== undefined) checkIndex(folder.name, indexFile, index, owners)
    return checkpoint(folder.name, format, files, owners, close)
  } catch (error) {
    await close()
    throw error
  }
}

function checkpoint(
  name: string,
  format: Format,
  files: ReadonlyMap<string, Safetensors>,
  owners: ReadonlyMap<string, string>,
  close: () => Promise<void>,
): Checkpoint {
  function shard(tensor: string): string {
    const owner = owners.get(tensor)
    if (owner === undefined)
      throw new InputError(`${name}: expected a tensor of this checkpoint, found ${excerpt(tensor)}`)
    return owner
  }
  return {
    name,
    format,
    metadata: new Map([...files.values()].flatMap((file) => [...file.metadata])),
    tensors: new Map([...files.values()].flatMap((file) => [...file.tensors])),
    shard,
    read: async (tensor, rows) => files.get(shard(tensor))!.read(tensor, rows),
    close,
  }
}

/** Tensor → shard. Members other than `weight_map` (there is `metadata`) must be JSON, and are not used. */
async function readIndex(folder: Folder, indexFile: string): Promise<ReadonlyMap<string, string>> {
  const where = `${folder.name}/${indexFile}`
  const scanner = new JsonScanner(where, new TextEncoder().encode(await folder.text(indexFile)))
  let index: Map<string, string> | undefined
  scanner.object((key) => {
    if (key !== 'weight_map') return scanner.skip()
    const map = (index = new Map<string, string>())
    scanner.object((tensor) => map.set(tensor, scanner.string()), map)
  })
  scanner.end(' \t\r\n')
  if (index === undefined) throw new InputError(`${where}: expected a weight_map, found none`)
  return index
}

async function openShard(folder: Folder, shard: string, indexFile: string): Promise<Safetensors> {
  checkFileName(`${folder.name}: shard`, shard)
  if (await folder.has(shard)) return openSafetensors(await folder.open(shard))
  const expected = `expected the shard ${excerpt(shard)} of ${indexFile}, found no such file`
  throw new InputError(`${folder.name}: ${expected}${await otherWay(folder, indexFile)}`)
}

/** Half of Hugging Face's weights may lie beside all of Mistral's own. */
async function otherWay(folder: Folder, indexFile: string): Promise<string> {
  const { index, single } = weightFiles.mistral
  const own = (await folder.has(index)) ? index : single
  const whole = indexFile !== index && (await folder.has(own)) && (await folder.has('params.json'))
  return whole ? `; add it, or remove ${indexFile} to use params.json and ${own}` : ''
}

/** Tensor → the one file that holds it. */
function ownersOf(name: string, files: ReadonlyMap<string, Safetensors>): ReadonlyMap<string, string> {
  const owners = new Map<string, string>()
  for (const [shard, { tensors }] of files) {
    for (const tensor of tensors.keys()) {
      const other = owners.get(tensor)
      if (other !== undefined) {
        throw new InputError(`${name}: expected ${excerpt(tensor)} in one shard, found it in ${other} and ${shard}`)
      }
      owners.set(tensor, shard)
    }
  }
  return owners
}

function checkIndex(
  name: string,
  indexFile: string,
  index: ReadonlyMap<string, string>,
  owners: ReadonlyMap<string, string>,
): void {
  for (const tensor of new Set([...index.keys(), ...owners.keys()])) {
    const expected = index.get(tensor) ?? 'no shard'
    const found = owners.get(tensor) ?? 'no shard'
    if (expected !== found) {
      throw new InputError(
        `${name}: expected ${excerpt(tensor)} in ${expected} as in ${indexFile}, found it in ${found}`,
      )
    }
  }
}
