import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { blobFolder, synth, type Folder, type OutputFile } from '@tramontane/core'
import { diskFolder, writeDiskFile } from '@tramontane/core/disk'

/** A Llama of two layers that has SmolLM2's vocabulary: a pass takes milliseconds, and the tables of words most of them. */
export const tinyShape = {
  architectures: ['LlamaForCausalLM'],
  model_type: 'llama',
  torch_dtype: 'bfloat16',
  hidden_size: 32,
  intermediate_size: 64,
  num_hidden_layers: 2,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  hidden_act: 'silu',
  rms_norm_eps: 1e-5,
  rope_theta: 10_000,
  max_position_embeddings: 1024,
  vocab_size: 49_152,
  tie_word_embeddings: false,
  bos_token_id: 1,
  eos_token_id: 2,
}

export interface TinyModelOptions {
  /** Equal seeds give equal weights; default 1. */
  readonly seed?: number
  /** Entries of config.json that are to differ, such as `max_position_embeddings`. */
  readonly config?: Readonly<Record<string, unknown>>
  /** A model folder with tokenizer and template of the same vocabulary; default the bundled SmolLM2. */
  readonly text?: string
}

const bundled = fileURLToPath(new URL('../../../models/smollm2-135m-instruct-fp8', import.meta.url))

/**
 * A model that answers at once, and nonsense: random weights of `tinyShape`, with a real tokenizer and chat template. For
 * tests of servers. 5 MB.
 */
export function tinyModel(options: TinyModelOptions = {}): Promise<Folder> {
  return inMemory('tiny', filesOf(options))
}

/** The same in a folder on the disk; writes over the files of an earlier one. */
export function writeTinyModel(directory: string, options: TinyModelOptions = {}): Promise<void> {
  return onDisk(directory, filesOf(options))
}

function filesOf({ seed = 1, config = {}, text = bundled }: TinyModelOptions): AsyncGenerator<OutputFile> {
  return synth(withConfig(diskFolder(text), JSON.stringify({ ...tinyShape, ...config })), { seed })
}

/** Files that are made up as they are asked for, all of them at once. */
export async function inMemory(name: string, files: AsyncIterable<OutputFile>): Promise<Folder> {
  const blobs = new Map<string, Blob>()
  for await (const { name, chunks } of files) {
    const parts: Uint8Array<ArrayBuffer>[] = []
    // The next chunk may be in the same memory.
    for await (const part of chunks) parts.push(new Uint8Array(part))
    blobs.set(name, new Blob(parts))
  }
  return blobFolder(blobs, name)
}

export async function onDisk(directory: string, files: AsyncIterable<OutputFile>): Promise<void> {
  await mkdir(directory, { recursive: true })
  for await (const { name, chunks } of files) await writeDiskFile(join(directory, name), chunks)
}

/** The folder, with another config.json. */
export function withConfig(folder: Folder, config: string): Folder {
  const own = blobFolder(new Map([['config.json', new Blob([config])]]), 'tiny')
  const holder = (name: string) => (name === 'config.json' ? own : folder)
  return {
    name: own.name,
    open: (name) => holder(name).open(name),
    text: (name) => holder(name).text(name),
    has: (name) => holder(name).has(name),
  }
}
