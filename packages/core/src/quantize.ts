import type { Folder } from './byte-source.ts'
import { openCheckpoint, type Checkpoint } from './checkpoint.ts'
import { readConfig } from './config.ts'
import { decodeCode, decodeInto, encodeCode } from './dtype.ts'
import { InputError } from './errors.ts'
import {
  configFile,
  isQuantised,
  scaledWeight,
  scaleMap,
  scaleShape,
  storedSpecs,
  type Strategy,
} from './fp8-layout.ts'
import { copiedText, shards, type Group, type OutputFile, type ShardOptions } from './shards.ts'
import { isUnused } from './spellings.ts'
import { elements, tensor, type Range, type Tensor } from './tensor.ts'
import { openWeights } from './weights.ts'

export interface QuantizeOptions extends ShardOptions {
  /** What shares one scale; default `channel`. */
  readonly strategy?: Strategy
}

/** Largest magnitude of E4M3. */
const largest = 448

/**
 * Turns a model folder into the files of a smaller one: the linear layers in F8_E4M3 with BF16 scales (amax / 448) per
 * tensor, row or block, all else in BF16, in the compressed-tensors layout. The same folder gives the same bytes.
 * config.json comes last, so that a folder written halfway is not a model. Throws InputError for a folder that is not a
 * model, for one that is quantised already, and for weights that are not finite. Spec: [fp8.7].
 */
export async function* quantize(source: Folder, options: QuantizeOptions = {}): AsyncGenerator<OutputFile> {
  const { strategy = 'channel' } = options
  const text = await source.text('config.json')
  const where = `${source.name}/config.json`
  const config = readConfig(text, where)
  if (config.quantization !== null) {
    throw new InputError(`${source.name}: expected a model that is not quantised, found a quantization_config`)
  }
  const settings = configFile(text, strategy, where)
  const checkpoint = await openCheckpoint(source)
  try {
    const { specs } = openWeights(checkpoint, config) // Refuses weights that do not fit the config.
    const unused = config.tied && !specs.has('logits.weight') ? 'lm_head.weight' : undefined
    const contents = (name: string) => quantized(checkpoint, name, strategy)
    yield* shards(outputGroups(checkpoint, strategy, unused), contents, options)
    yield* copiedText(source)
    yield settings
  } finally {
    await checkpoint.close()
  }
}

function outputGroups({ tensors, format }: Checkpoint, strategy: Strategy, unused: string | undefined): Group[] {
  return [...tensors]
    .filter(([name]) => name !== unused && !isUnused(name, format))
    .map(([name, { shape }]) => storedSpecs(name, shape, strategy))
}

/** One tensor of the output. Scales and codes read their weight on their own, so that nothing is held in between. */
async function quantized(checkpoint: Checkpoint, name: string, strategy: Strategy): Promise<Tensor> {
  const spelling = scaledWeight(name) ?? name
  const where = `${checkpoint.name}/${checkpoint.shard(spelling)}: tensor "${spelling}"`
  const weight = await checkpoint.read(spelling)
  if (!isQuantised(spelling)) return toBf16(weight, where)
  const scales = scalesOf(weight, strategy, where)
  return spelling === name ? codesOf(weight, scales, strategy) : scales
}

function toBf16(value: Tensor, where: string): Tensor {
  const codes = new Uint16Array(elements(value.shape))
  forChunks(value, { from: 0, to: codes.length }, workspace(), (numbers, from) => {
    for (let i = 0; i < numbers.length; i++) {
      const code = encodeCode('BF16', numbers[i], 'nan')
      if ((code & 0x7f80) === 0x7f80) throw notFinite(where, from + i, numbers[i])
      codes[from + i] = code
    }
  })
  return tensor('BF16', value.shape, codes)
}

/** amax / 448 of every group of weights in BF16; 1 for a group of zeros. weight [N, K] → `scaleShape` */
function scalesOf(weight: Tensor, strategy: Strategy, where: string): Tensor<'BF16'> {
  const shape = scaleShape(strategy, weight.shape)
  const largestOf = new Float64Array(elements(shape))
  forSegments(weight, strategy, (numbers, from, scale) => {
    for (let i = 0; i < numbers.length; i++) {
      const magnitude = Math.abs(numbers[i])
      if (!(magnitude < Infinity)) throw notFinite(where, from + i, numbers[i])
      if (magnitude > largestOf[scale]) largestOf[scale] = magnitude
    }
  })
  // A scale must not underflow to zero: the smallest code is 1.
  const codes = Uint16Array.from(largestOf, (amax) =>
    amax === 0 ? encodeCode('BF16', 1, 'saturate') : Math.max(1, encodeCode('BF16', amax / largest, 'saturate')),
  )
  return tensor('BF16', shape, codes)
}

function codesOf(weight: Tensor, scales: Tensor<'BF16'>, strategy: Strategy): Tensor {
  const divisors = Float64Array.from(scales.data, (code) => decodeCode('BF16', code))
  const codes = new Uint8Array(elements(weight.shape))
  forSegments(weight, strategy, (numbers, from, scale) => {
    const divisor = divisors[scale]
    for (let i = 0; i < numbers.length; i++) {
      codes[from + i] = encodeCode('F8_E4M3', numbers[i] / divisor, 'saturate')
    }
  })
  return tensor('F8_E4M3', weight.shape, codes)
}

/** Visits a weight [N, K] in stretches that share one scale, with the index of their first element. */
function forSegments(
  weight: Tensor,
  strategy: Strategy,
  visit: (numbers: Float64Array, from: number, scale: number) => void,
): void {
  const [N, K] = weight.shape
  const { width, first } = scaleMap(strategy, weight.shape)
  const space = workspace()
  for (let n = 0; n < N; n++) {
    for (let k = 0; k < K; k += width) {
      const scale = first(n) + k / width
      const stretch = { from: n * K + k, to: n * K + Math.min(k + width, K) }
      forChunks(weight, stretch, space, (numbers, from) => visit(numbers, from, scale))
    }
  }
}

/** Room for the elements that are decoded together. */
function workspace(): Float64Array {
  return new Float64Array(2 ** 16)
}

/** Visits the elements `[from, to)` as numbers, as many at a time as there is space for. */
function forChunks(
  value: Tensor,
  { from, to }: Range,
  space: Float64Array,
  visit: (numbers: Float64Array, from: number) => void,
): void {
  for (let at = from; at < to; at += space.length) {
    const end = Math.min(at + space.length, to)
    const numbers = space.subarray(0, end - at)
    decodeInto(numbers, value, { from: at, to: end })
    visit(numbers, at)
  }
}

function notFinite(where: string, at: number, found: number): InputError {
  return new InputError(`${where}: expected finite numbers that BF16 can hold, found ${found} at element ${at}`)
}
