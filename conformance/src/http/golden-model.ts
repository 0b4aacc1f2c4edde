import { copyFile, mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { decode } from '@tramontane/core'
import { endToEndBound, logitBound, precisions, type Precision } from '../bound/index.ts'
import { goldenPath, openGolden } from '../goldens.ts'
import { openNoise } from '../noise-floors.ts'
import { byteLevel } from './byte-level.ts'

/** What a server must say of a model whose numbers somebody else has computed. */
export interface Golden {
  /** The server of that model, and the model's name there. */
  readonly url: string
  readonly model: string
  readonly key?: string
  readonly expected: GoldenRows
}

/** A text in tokens, and how likely each token was to follow. */
export interface GoldenRows {
  readonly tokens: readonly number[]
  /** Names of all tokens as replies spell them, no two the same. */
  readonly vocabulary: readonly string[]
  readonly rows: readonly GoldenRow[]
}

export interface GoldenRow {
  /** [V], natural logarithms: of what follows the tokens up to this one. */
  readonly logprobs: Float64Array
  /** How far off one may be. */
  readonly bound: number
}

/** A space in a byte-level vocabulary. */
const space = 'Ġ'
const control = ['<unk>', '<s>', '</s>']
/** Printable ASCII but "~": with the control tokens 97, as many as the tiny goldens have. */
const letters = Array.from({ length: 94 }, (_, i) => String.fromCharCode(0x20 + i))

const template = "{% for message in messages %}{{ message['role'] + ':' + message['content'] + '\\n' }}{% endfor %}"

/**
 * Writes a tiny golden checkpoint with a tokenizer, so that it can be served: every token but three is one character of
 * ASCII, and a chat is its messages one after the other. Its vocabulary must have 97 tokens.
 */
export async function writeGoldenModel(directory: string, name = 'full'): Promise<void> {
  await mkdir(directory, { recursive: true })
  for (const file of ['config.json', 'model.safetensors']) {
    await copyFile(goldenPath(`tiny/${name}/${file}`), join(directory, file))
  }
  const write = (file: string, value: object) => writeFile(join(directory, file), JSON.stringify(value))
  await write('tokenizer.json', tokenizerFile())
  await write('tokenizer_config.json', { bos_token: '<s>', eos_token: '</s>', chat_template: template })
}

function tokenizerFile(): object {
  return byteLevel(control, [...control, ...letters.map((letter) => letter.replace(' ', space))])
}

export interface GoldenOptions {
  /** Of the checkpoint in goldens/tiny; default full. */
  readonly name?: string
  /** In which the server computes; default f32. */
  readonly precision?: Precision
}

/**
 * What transformers computed, in float64, of that checkpoint. A logit may be off by the bound of a whole pass in this
 * precision, which moves a log-probability by twice as much at most: once itself, once the logarithm of the sum.
 */
export async function goldenRows({
  name = 'full',
  precision = precisions.f32,
}: GoldenOptions = {}): Promise<GoldenRows> {
  const golden = await openGolden(`tiny/${name}/golden.safetensors`)
  const tokens = decode(await golden.read('tokens'))
  const logits = await golden.read('logits')
  await golden.close()
  const bound = endToEndBound(await openNoise(`tiny/${name}`), precision, 'logits')
  const V = logits.shape[1]
  const values = decode(logits)
  const rows = Array.from(tokens, (_, t) => {
    const row = values.subarray(t * V, (t + 1) * V)
    return { logprobs: logSoftmax(row), bound: 2 * logitBound(row, bound) }
  })
  return { tokens: Array.from(tokens), vocabulary: [...control, ...letters], rows }
}

/** [V] → [V] */
function logSoftmax(logits: Float64Array): Float64Array {
  const most = Math.max(...logits)
  const sum = logits.reduce((total, logit) => total + Math.exp(logit - most), 0)
  return logits.map((logit) => logit - most - Math.log(sum))
}
