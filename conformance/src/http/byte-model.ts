import { blobFolder, synth, type Folder, type OutputFile } from '@tramontane/core'
import { byteLevel } from './byte-level.ts'
import { inMemory, onDisk, tinyShape, withConfig } from './tiny-model.ts'

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
export function byteModel(options: ByteModelOptions = {}): Promise<Folder> {
  return inMemory('byte-model', filesOf(options))
}

/** The same in a folder on the disk; writes over the files of an earlier one. */
export function writeByteModel(directory: string, options: ByteModelOptions = {}): Promise<void> {
  return onDisk(directory, filesOf(options))
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
  return byteLevel(control, tokens, { merges: merges.map((pair) => pair.join(' ')), byWords: true })
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
