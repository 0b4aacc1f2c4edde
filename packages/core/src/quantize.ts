import type { ByteSource, Folder } from './byte-source.ts'
import { openCheckpoint, type Checkpoint } from './checkpoint.ts'
import { readConfig, type Config, type Json } from './config.ts'
import { decodeCode, decodeInto, encodeCode } from './dtype.ts'
import { InputError } from './errors.ts'
import { writeSafetensors } from './safetensors-writer.ts'
import { byteLength, elements, tensor, type Spec, type Tensor } from './tensor.ts'
import { openWeights } from './weights.ts'

/** A file to write: its plain name, and its bytes in pieces. Consume the pieces before asking for the next file. */
export interface OutputFile {
  readonly name: string
  readonly chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>
}

export interface QuantizeOptions {
  /** The most bytes of one weight file, unless one tensor alone has more; default 50 million. */
  readonly shardSize?: number
  /** Called with weight bytes so far and in all. */
  readonly progress?: (written: number, total: number) => void
  readonly signal?: AbortSignal
}

const linear = /\.(q|k|v|o|gate|up|down)_proj\.weight$/
const copied = [
  'tokenizer.json',
  'tokenizer_config.json',
  'chat_template.jinja',
  'generation_config.json',
  'special_tokens_map.json',
]
/** Largest magnitude of E4M3. */
const largest = 448
/** Elements decoded at a time. */
const chunk = 2 ** 16

/** What vLLM and transformers read: E4M3 with one scale per output channel, weights only. */
const quantization = {
  quant_method: 'compressed-tensors',
  format: 'float-quantized',
  quantization_status: 'compressed',
  kv_cache_scheme: null,
  ignore: ['lm_head'],
  config_groups: {
    group_0: {
      targets: ['Linear'],
      weights: {
        num_bits: 8,
        type: 'float',
        strategy: 'channel',
        symmetric: true,
        dynamic: false,
        group_size: null,
        block_structure: null,
        actorder: null,
        observer: 'minmax',
        observer_kwargs: {},
      },
      input_activations: null,
      output_activations: null,
    },
  },
}

/**
 * Turns a model folder into the files of a smaller one: the linear layers in F8_E4M3 with a BF16 scale per row
 * (amax / 448), all else in BF16, in the compressed-tensors layout. The same folder gives the same bytes. config.json
 * comes last, so that a folder written halfway is not a model. Throws InputError for a folder that is not a model, for
 * one that is quantised already, and for weights that are not finite.
 */
export async function* quantize(source: Folder, options: QuantizeOptions = {}): AsyncGenerator<OutputFile> {
  const text = await source.text('config.json')
  const config = readConfig(text, `${source.name}/config.json`)
  if (config.quantization !== null) {
    throw new InputError(`${source.name}: expected a model that is not quantised, found a quantization_config`)
  }
  const checkpoint = await openCheckpoint(source)
  try {
    openWeights(checkpoint, config) // Refuses weights that do not fit the config.
    yield* weightFiles(checkpoint, outputGroups(checkpoint, config), options)
    for (const name of copied) {
      if (await source.has(name)) yield { name, chunks: copy(await source.open(name)) }
    }
    yield json('config.json', outputConfig(JSON.parse(text) as Json))
  } finally {
    await checkpoint.close()
  }
}

/** Tensors of the output; those of one group belong in one file. */
type Group = ReadonlyMap<string, Spec>

function outputGroups(checkpoint: Checkpoint, config: Config): Group[] {
  const used = ([name]: [string, Spec]) =>
    !name.endsWith('rotary_emb.inv_freq') && !(config.tied && name === 'lm_head.weight')
  return [...checkpoint.tensors].filter(used).map(([name, { shape }]) =>
    linear.test(name)
      ? new Map<string, Spec>([
          [name, { dtype: 'F8_E4M3', shape }],
          [`${name}_scale`, { dtype: 'BF16', shape: [shape[0], 1] }],
        ])
      : new Map<string, Spec>([[name, { dtype: 'BF16', shape }]]),
  )
}

/** The shards, then the index over them. */
async function* weightFiles(
  checkpoint: Checkpoint,
  groups: readonly Group[],
  { shardSize = 50e6, progress, signal }: QuantizeOptions,
): AsyncGenerator<OutputFile> {
  const shards = split(groups, shardSize)
  const total = groups.reduce((sum, group) => sum + dataSize(group), 0)
  const weightMap: Record<string, string> = {}
  let written = 0
  const contents = async (name: string): Promise<Tensor> => {
    signal?.throwIfAborted()
    const value = await quantized(checkpoint, name)
    progress?.((written += byteLength(value)), total)
    return value
  }
  for (const [i, shard] of shards.entries()) {
    const name = `model-${digits(i + 1)}-of-${digits(shards.length)}.safetensors`
    for (const key of shard.keys()) weightMap[key] = name
    yield { name, chunks: writeSafetensors(shard, contents, new Map([['format', 'pt']])) }
  }
  yield json('model.safetensors.index.json', { metadata: { total_size: total }, weight_map: weightMap })
}

/** Fills one file after the other. */
function split(groups: readonly Group[], limit: number): Map<string, Spec>[] {
  const shards: Map<string, Spec>[] = []
  let left = 0
  for (const group of groups) {
    const size = dataSize(group) + headerBound(group)
    if (shards.length === 0 || size > left) {
      shards.push(new Map())
      left = limit - headerBase
    }
    left -= size
    for (const [name, spec] of group) shards.at(-1)!.set(name, spec)
  }
  return shards
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

/** One tensor of the output. Scales and codes read their weight on their own, so that nothing is held in between. */
async function quantized(checkpoint: Checkpoint, name: string): Promise<Tensor> {
  const spelling = name.replace(/(_proj\.weight)_scale$/, '$1')
  const where = `${checkpoint.name}/${checkpoint.shard(spelling)}: tensor "${spelling}"`
  const weight = await checkpoint.read(spelling)
  if (!linear.test(spelling)) return toBf16(weight, where)
  const scales = rowScales(weight, where)
  return spelling === name ? rowCodes(weight, scales) : tensor('BF16', [weight.shape[0], 1], scales)
}

function toBf16(value: Tensor, where: string): Tensor {
  const codes = new Uint16Array(elements(value.shape))
  forChunks(value, (numbers, from) => {
    for (let i = 0; i < numbers.length; i++) {
      const code = encodeCode('BF16', numbers[i], 'nan')
      if ((code & 0x7f80) === 0x7f80) throw notFinite(where, from + i, numbers[i])
      codes[from + i] = code
    }
  })
  return tensor('BF16', value.shape, codes)
}

/** amax / 448 of every row in BF16; 1 for a row of zeros. */
function rowScales(weight: Tensor, where: string): Uint16Array {
  const width = weight.shape[1]
  const largestOf = new Float64Array(weight.shape[0])
  forChunks(weight, (numbers, from) => {
    for (let i = 0; i < numbers.length; i++) {
      const magnitude = Math.abs(numbers[i])
      if (!(magnitude < Infinity)) throw notFinite(where, from + i, numbers[i])
      const row = Math.floor((from + i) / width)
      if (magnitude > largestOf[row]) largestOf[row] = magnitude
    }
  })
  // A scale must not underflow to zero: the smallest code is 1.
  return Uint16Array.from(largestOf, (amax) =>
    amax === 0 ? encodeCode('BF16', 1, 'saturate') : Math.max(1, encodeCode('BF16', amax / largest, 'saturate')),
  )
}

function rowCodes(weight: Tensor, scales: Uint16Array): Tensor {
  const width = weight.shape[1]
  const divisors = Float64Array.from(scales, (code) => decodeCode('BF16', code))
  const codes = new Uint8Array(elements(weight.shape))
  forChunks(weight, (numbers, from) => {
    for (let i = 0; i < numbers.length; i++) {
      codes[from + i] = encodeCode('F8_E4M3', numbers[i] / divisors[Math.floor((from + i) / width)], 'saturate')
    }
  })
  return tensor('F8_E4M3', weight.shape, codes)
}

function forChunks(value: Tensor, visit: (numbers: Float64Array, from: number) => void): void {
  const buffer = new Float64Array(Math.min(chunk, value.data.length))
  for (let from = 0; from < value.data.length; from += chunk) {
    const to = Math.min(from + chunk, value.data.length)
    decodeInto(buffer, value, { from, to })
    visit(buffer.subarray(0, to - from), from)
  }
}

function notFinite(where: string, at: number, found: number): InputError {
  return new InputError(`${where}: expected finite numbers that BF16 can hold, found ${found} at element ${at}`)
}

function outputConfig(config: Json): Json {
  const types = { torch_dtype: 'bfloat16', ...('dtype' in config ? { dtype: 'bfloat16' } : {}) }
  return { ...config, ...types, quantization_config: quantization }
}

function json(name: string, value: unknown): OutputFile {
  return { name, chunks: [new TextEncoder().encode(`${JSON.stringify(value, null, 2)}\n`)] }
}

async function* copy(source: ByteSource): AsyncGenerator<Uint8Array> {
  try {
    const piece = 2 ** 24
    for (let at = 0; at < source.size; at += piece) yield await source.read(at, Math.min(piece, source.size - at))
  } finally {
    await source.close()
  }
}
