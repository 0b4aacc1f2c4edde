import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { blobFolder, synth, type Folder, type OutputFile } from '@tramontane/core'
import { writeDiskFile } from '@tramontane/core/disk'
import { tinyShape, withConfig } from './tiny-model.ts'

const control = ['<|endoftext|>', '<|im_start|>', '<|im_end|>']

const template = `{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n' }}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}`

export interface ByteModelOptions {
  /** Equal seeds give equal weights; default 1. */
  readonly seed?: number
  /** Entries of config.json that are to differ. */
  readonly config?: Readonly<Record<string, unknown>>
}

/**
 * A model of 1,400 tokens that takes a fraction of a millisecond a pass, with random weights: single bytes, syllables and
 * pairs of them, control tokens of ChatML. What it says is a babble in which some characters are broken.
 */
export async function byteModel(options: ByteModelOptions = {}): Promise<Folder> {
  const files = new Map<string, Blob>()
  for await (const { name, chunks } of filesOf(options)) {
    const parts: Uint8Array<ArrayBuffer>[] = []
    // The next chunk may be in the same memory.
    for await (const part of chunks) parts.push(new Uint8Array(part))
    files.set(name, new Blob(parts))
  }
  return blobFolder(files, 'byte-model')
}

/** The same in a folder on the disk; writes over the files of an earlier one. */
export async function writeByteModel(directory: string, options: ByteModelOptions = {}): Promise<void> {
  await mkdir(directory, { recursive: true })
  for await (const { name, chunks } of filesOf(options)) await writeDiskFile(join(directory, name), chunks)
}

function filesOf({ seed = 1, config = {} }: ByteModelOptions): AsyncGenerator<OutputFile> {
  const tokenizer = tokenizerFile()
  const settings = { ...tinyShape, vocab_size: Object.keys(tokenizer.model.vocab).length, ...config }
  const texts = new Map([
    ['tokenizer.json', new Blob([JSON.stringify(tokenizer)])],
    ['tokenizer_config.json', new Blob([JSON.stringify({ chat_template: template, eos_token: '<|im_end|>' })])],
  ])
  return synth(withConfig(blobFolder(texts, 'byte-model'), JSON.stringify(settings)), { seed })
}

/** Byte-level BPE, as GPT-2's: a byte that is no printable character of Latin-1 is written as one from U+0100 on. */
function tokenizerFile() {
  const merges = [...merged()]
  const tokens = [...control, ...byteNames(), ...merges.map((pair) => pair.join(''))]
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true }
  return {
    version: '1.0',
    added_tokens: control.map((content, id) => ({ id, content, special: true, normalized: false })),
    normalizer: null,
    pre_tokenizer: byteLevel,
    post_processor: null,
    decoder: byteLevel,
    model: {
      type: 'BPE',
      vocab: Object.fromEntries(tokens.map((token, id) => [token, id])),
      merges: merges.map((pair) => pair.join(' ')),
    },
  }
}

function byteNames(): string[] {
  let other = 0x100
  const printable = (byte: number) => (byte > 0x20 && byte < 0x7f) || (byte > 0xa0 && byte !== 0xad)
  return Array.from({ length: 256 }, (_, byte) => String.fromCharCode(printable(byte) ? byte : other++))
}

/** Syllables, syllables that begin a word, pairs of them, and the word "the". */
function* merged(): Generator<[string, string]> {
  const syllables = Array.from('bdfgklmnprs').flatMap((first) =>
    Array.from('aeiou', (vowel) => [first, vowel] as const),
  )
  yield* [
    ['t', 'h'],
    ['th', 'e'],
    ['Ġ', 'the'],
  ] as [string, string][]
  for (const [first, vowel] of syllables) yield [first, vowel]
  const words = syllables.map((syllable) => syllable.join(''))
  for (const word of words) yield ['Ġ', word]
  for (const [i, word] of words.entries()) {
    for (let next = 1; next <= 18; next++) yield [word, words[(i + 3 * next) % words.length]!]
  }
}
