import type { ByteSource, Folder } from './byte-source.ts'
import { tokenizerFiles } from './load-text.ts'
import { writeSafetensors, type Contents } from './safetensors-writer.ts'
import { byteLength, type Spec } from './tensor.ts'

/**
 * A file to write: its plain name, and its bytes in pieces. A piece holds until the next is asked for; consume all of
 * them before asking for the next file.
 */
export interface OutputFile {
  readonly name: string
  readonly chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
}

export interface ShardOptions {
  /** The most bytes of one weight file, unless one tensor alone has more; default 50 million. */
  readonly shardSize?: number
  /** Called once with the bytes of all weights before any is made; what it throws ends the work. */
  readonly reserve?: (bytes: number) => void | Promise<void>
  /** Called with weight bytes so far and in all. */
  readonly progress?: (written: number, total: number) => void
  readonly signal?: AbortSignal
}

/** Tensors of a checkpoint by name; those of one group belong in one file. */
export type Group = ReadonlyMap<string, Spec>

/** Parts tensors into safetensors files, in their order, and yields these, then the index over them. */
export async function* shards(
  groups: readonly Group[],
  contents: (name: string) => Contents | Promise<Contents>,
  { shardSize = 50e6, reserve, progress, signal }: ShardOptions,
): AsyncGenerator<OutputFile> {
  const files = split(groups, shardSize)
  const total = groups.reduce((sum, group) => sum + dataSize(group), 0)
  await reserve?.(total)
  const weightMap: Record<string, string> = {}
  let written = 0
  const count = (bytes: number) => {
    signal?.throwIfAborted()
    progress?.((written += bytes), total)
  }
  for (const [i, file] of files.entries()) {
    const name = `model-${digits(i + 1)}-of-${digits(files.length)}.safetensors`
    for (const key of file.keys()) weightMap[key] = name
    yield { name, chunks: counted(writeSafetensors(file, contents, new Map([['format', 'pt']])), count) }
  }
  yield jsonFile('model.safetensors.index.json', { metadata: { total_size: total }, weight_map: weightMap })
}

/** The pieces of a file; tells of those that have been used, but for the header. */
async function* counted(pieces: AsyncIterable<Uint8Array>, count: (bytes: number) => void): AsyncGenerator<Uint8Array> {
  let header = true
  for await (const piece of pieces) {
    yield piece
    count(header ? 0 : piece.length)
    header = false
  }
}

/** Fills one file after the other. */
function split(groups: readonly Group[], limit: number): Map<string, Spec>[] {
  const files: Map<string, Spec>[] = []
  let left = 0
  for (const group of groups) {
    const size = dataSize(group) + headerBound(group)
    if (files.length === 0 || size > left) {
      files.push(new Map())
      left = limit - headerBase
    }
    left -= size
    for (const [name, spec] of group) files.at(-1)!.set(name, spec)
  }
  return files
}

function dataSize(group: Group): number {
  return [...group.values()].reduce((sum, spec) => sum + byteLength(spec), 0)
}

/** Bytes of a header around its tensors, and the most that one tensor adds. */
const headerBase = 64
function headerBound(group: Group): number {
  return [...group.keys()].reduce((sum, name) => sum + name.length + 128, 0)
}

function digits(n: number): string {
  return String(n).padStart(5, '0')
}

export function jsonFile(name: string, value: unknown): OutputFile {
  return { name, chunks: [new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`)] }
}

/** What a checkpoint says about text, and what goes along unchanged when its weights are rewritten. */
const textFiles = [
  ...tokenizerFiles,
  'tokenizer_config.json',
  'chat_template.jinja',
  'generation_config.json',
  'special_tokens_map.json',
]

/** Those of the text files that the folder has. */
export async function* copiedText(source: Folder): AsyncGenerator<OutputFile> {
  for (const name of textFiles) {
    if (await source.has(name)) yield { name, chunks: copy(() => source.open(name)) }
  }
}

async function* copy(open: () => Promise<ByteSource>): AsyncGenerator<Uint8Array> {
  const source = await open()
  try {
    const piece = 2 ** 24
    for (let at = 0; at < source.size; at += piece) yield await source.read(at, Math.min(piece, source.size - at))
  } finally {
    await source.close()
  }
}
