import type { Folder } from './byte-source.ts'
import { readConfig, type Config } from './config.ts'
import { encodeCode } from './dtype.ts'
import { InputError } from './errors.ts'
import { configFile, isQuantised, scaledWeight, storedSpecs, type Strategy } from './fp8-layout.ts'
import { normalCodes } from './normal-codes.ts'
import { keyOf, randomHalves } from './random-halves.ts'
import { copiedText, shards, type OutputFile, type ShardOptions } from './shards.ts'
import { modules } from './spellings.ts'
import { elements, type Spec } from './tensor.ts'

export interface SynthOptions extends ShardOptions {
  /** What shares one scale; default `channel`. */
  readonly strategy?: Strategy
  /** A whole number from 0; default 0. */
  readonly seed?: number
}

/** A hundred times the deepest in use: every tensor is listed before a byte is written. */
const layerLimit = 10_000

/** Standard deviation of the codes of an fp8 weight: what is 4.33 of it, the most there is, becomes 448. */
const codeDeviation = 100

/**
 * A checkpoint of the shape that the folder's config.json describes, with random fp8 weights: activations are of order
 * one through all layers. The folder's files of text go along. Equal seeds give equal tensors, however they are parted
 * into files; config.json comes last. Throws InputError for a config that is not one. Spec: [synth].
 */
export async function* synth(source: Folder, options: SynthOptions = {}): AsyncGenerator<OutputFile> {
  const { strategy = 'channel', seed = 0 } = options
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new InputError(`seed: expected a whole number from 0, found ${seed}`)
  const text = await source.text('config.json')
  const where = `${source.name}/config.json`
  const config = readConfig(text, where)
  if (config.layers > layerLimit) {
    throw new InputError(`${where}: num_hidden_layers: expected at most ${layerLimit}, found ${config.layers}`)
  }
  const settings = configFile(text, strategy, where)
  const shapes = new Map(tensorShapes(config))
  const groups = [...shapes].map(([name, shape]) => storedSpecs(name, shape, strategy))
  const specs = new Map(groups.flatMap((group) => [...group]))
  const tables = codeTables(config)
  const contents = (name: string) => {
    const weight = scaledWeight(name)
    const code = weight === undefined ? tables(name) : scaleCodes(weight, shapes.get(weight)![1], config.layers)
    return draw(specs.get(name)!, keyOf(name, seed), code)
  }
  yield* shards(groups, contents, options)
  yield* copiedText(source)
  yield settings
}

/** Names and shapes of a model's tensors; a tied table of logits is none of its own. */
function* tensorShapes(config: Config): Generator<[name: string, shape: readonly number[]]> {
  for (const { name, spelling, shape, bias } of modules(config, 'huggingface')) {
    if (name === 'logits' && config.tied) continue
    yield [`${spelling}.weight`, shape]
    if (bias) yield [`${spelling}.bias`, shape.slice(0, 1)]
  }
}

/** For every 16 random bits the code that a tensor takes. */
type Codes = ArrayLike<number>

/** The codes of every tensor that is no scale, by its name. Spec: [synth.3] to [synth.5]. */
function codeTables({ width, tied }: Config): (name: string) => Codes {
  const fp8 = Uint8Array.from(normalCodes('F8_E4M3', codeDeviation)) // Half the size: it stays in the cache.
  const unit = normalCodes('BF16', 1)
  const eighth = normalCodes('BF16', 1 / 8)
  // 2^h, h the largest with 4^h ≤ D: logits of a deviation between one and two.
  const head = normalCodes('BF16', 2 ** -Math.floor(Math.log2(width) / 2))
  const norm = uniformCodes(1)
  return (name) => {
    if (isQuantised(name)) return fp8
    if (name.endsWith('norm.weight')) return norm
    if (name.endsWith('.bias')) return eighth
    return name === 'lm_head.weight' || tied ? head : unit
  }
}

/** Scales of a weight of K columns: its rows get a norm of about one, or less where they are added to the residual. */
function scaleCodes(weight: string, K: number, layers: number): Codes {
  const gain = /\.(o|down)_proj\./.test(weight) ? 1 / Math.sqrt(2 * layers) : 1
  return uniformCodes(gain / (codeDeviation * Math.sqrt(K)))
}

/** BF16 codes of `base · (64 + m) / 128`, m the upper 7 of the 16 bits: between half and one and a half of the base. */
function uniformCodes(base: number): Codes {
  const codes = Array.from({ length: 128 }, (_, m) => encodeCode('BF16', base * ((64 + m) / 128), 'saturate'))
  return Uint16Array.from({ length: 2 ** 16 }, (_, bits) => codes[bits >>> 9])
}

/** The bytes of a tensor, in pieces. The same memory is used for each: a file of many gigabytes needs no more. */
function* draw({ dtype, shape }: Spec, key: readonly [number, number], codes: Codes): Generator<Uint8Array> {
  const total = elements(shape)
  const length = Math.min(total, 2 ** 21)
  const space = dtype === 'BF16' ? new Uint16Array(length) : new Uint8Array(length)
  for (let first = 0; first < total; first += length) {
    const piece = space.subarray(0, Math.min(length, total - first))
    randomHalves(piece, first, key, codes)
    yield new Uint8Array(piece.buffer, 0, piece.byteLength)
  }
}
