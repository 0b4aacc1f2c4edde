import type { Checkpoint } from './checkpoint.ts'
import { shown, type Config, type Json } from './config.ts'
import { decode } from './dtype.ts'
import { InputError, UnsupportedError } from './errors.ts'
import { blockSize } from './graph.ts'
import type { Range, Spec, Tensor } from './tensor.ts'

/** The weights of a graph by its own names, read when asked for. */
export interface WeightSource {
  /** Name, dtype and shape of every weight, without reading any. */
  readonly specs: ReadonlyMap<string, Spec>
  /** One weight, or a range of its rows: one positional read. Throws InputError for contents that cannot be. */
  read(name: string, rows?: Range): Promise<Tensor>
}

/** One weight as the checkpoint spells it. */
interface Stored {
  readonly spelling: string
  readonly shape: readonly number[]
  readonly kind: 'linear' | 'table' | 'vector'
}

type Entry = readonly [name: string, stored: Stored]

/**
 * Graph names → Hugging Face spellings and the shapes that the config promises. The only place that knows them. One at
 * a time: a config may promise more layers than there is memory, and the first that is missing ends it.
 */
function* storedWeights(c: Config): Generator<Entry> {
  yield ['embedding.weight', { spelling: 'model.embed_tokens.weight', shape: [c.vocabulary, c.width], kind: 'table' }]
  for (let layer = 0; layer < c.layers; layer++) yield* storedLayer(c, `layers.${layer}`, `model.layers.${layer}`)
  yield storedNorm(c, 'norm', 'model.norm')
  if (!c.tied) yield* storedLinear('logits', 'lm_head', [c.vocabulary, c.width], false)
}

function* storedLayer(c: Config, ours: string, theirs: string): Generator<Entry> {
  const [q, kv] = [c.heads * c.headDim, c.kvHeads * c.headDim]
  yield storedNorm(c, `${ours}.attention.norm`, `${theirs}.input_layernorm`)
  yield* storedLinear(`${ours}.query`, `${theirs}.self_attn.q_proj`, [q, c.width], c.attentionBias)
  yield* storedLinear(`${ours}.key`, `${theirs}.self_attn.k_proj`, [kv, c.width], c.attentionBias)
  yield* storedLinear(`${ours}.value`, `${theirs}.self_attn.v_proj`, [kv, c.width], c.attentionBias)
  yield* storedLinear(`${ours}.output`, `${theirs}.self_attn.o_proj`, [c.width, q], c.attentionBias)
  yield storedNorm(c, `${ours}.mlp.norm`, `${theirs}.post_attention_layernorm`)
  yield* storedLinear(`${ours}.gate`, `${theirs}.mlp.gate_proj`, [c.hidden, c.width], c.mlpBias)
  yield* storedLinear(`${ours}.up`, `${theirs}.mlp.up_proj`, [c.hidden, c.width], c.mlpBias)
  yield* storedLinear(`${ours}.down`, `${theirs}.mlp.down_proj`, [c.width, c.hidden], c.mlpBias)
}

function storedNorm(c: Config, name: string, module: string): Entry {
  return [`${name}.weight`, { spelling: `${module}.weight`, shape: [c.width], kind: 'vector' }]
}

function* storedLinear(
  name: string,
  module: string,
  shape: readonly [number, number],
  bias: boolean,
): Generator<Entry> {
  yield [`${name}.weight`, { spelling: `${module}.weight`, shape, kind: 'linear' }]
  if (bias) yield [`${name}.bias`, { spelling: `${module}.bias`, shape: [shape[0]], kind: 'vector' }]
}

/** Checkpoint tensors that a weight-only reading does not need: activation scales, and buffers that are recomputed. */
const unused = /(\.input_scale|\.activation_scale|\.(k|v)_scale|rotary_emb\.inv_freq)$/

/**
 * Pairs a checkpoint with the graph's names. Throws InputError for a tensor that is missing, misshapen or unexpected,
 * and for an fp8 weight without a scale; UnsupportedError for a quantisation that this engine does not read.
 */
export function openWeights(checkpoint: Checkpoint, config: Config): WeightSource {
  if (config.quantization !== null) checkQuantization(config.quantization, checkpoint.name)
  const specs = new Map<string, Spec>()
  const spellings = new Map<string, string>()
  const expected = new Set<string>()
  for (const [name, stored] of storedWeights(config)) {
    const spec = floating(checkpoint, stored)
    specs.set(name, spec)
    spellings.set(name, stored.spelling)
    expected.add(stored.spelling)
    const scale = scaleOf(checkpoint, stored, spec)
    if (scale === undefined) continue
    specs.set(name.replace(/weight$/, 'scale'), scale.spec)
    spellings.set(name.replace(/weight$/, 'scale'), scale.spelling)
    expected.add(scale.spelling)
  }
  if (config.tied) expected.add('lm_head.weight')
  for (const name of checkpoint.tensors.keys()) {
    if (expected.has(name) || unused.test(name)) continue
    throw new InputError(`${at(checkpoint, name)}: unexpected tensor; config.json does not describe it`)
  }
  return { specs, read: (name, rows) => read(checkpoint, specs, spellings, name, rows) }
}

function at(checkpoint: Checkpoint, name: string): string {
  return `${checkpoint.name}/${checkpoint.shard(name)}: tensor "${name}"`
}

function floating(checkpoint: Checkpoint, { spelling, shape, kind }: Stored): Spec {
  const spec = checkpoint.tensors.get(spelling)
  if (spec === undefined)
    throw new InputError(`${checkpoint.name}: tensor "${spelling}" [${shape.join(', ')}] is missing`)
  if (spec.shape.join() !== shape.join()) {
    throw new InputError(`${at(checkpoint, spelling)} is [${spec.shape.join(', ')}], expected [${shape.join(', ')}]`)
  }
  const accepted = ['F64', 'F32', 'F16', 'BF16', ...(kind === 'linear' ? ['F8_E4M3', 'F8_E5M2'] : [])]
  if (!accepted.includes(spec.dtype)) {
    throw new InputError(`${at(checkpoint, spelling)} is ${spec.dtype}, expected one of ${accepted.join(', ')}`)
  }
  return spec
}

/** Scales multiply, also where the checkpoint calls them `weight_scale_inv`. */
function scaleOf(
  checkpoint: Checkpoint,
  weight: Stored,
  { dtype }: Spec,
): { spelling: string; spec: Spec } | undefined {
  const spelling = [`${weight.spelling}_scale`, `${weight.spelling}_scale_inv`].find((s) => checkpoint.tensors.has(s))
  if (!dtype.startsWith('F8')) {
    if (spelling === undefined) return undefined
    throw new InputError(`${at(checkpoint, spelling)}: a scale for a weight of ${dtype}, expected F8_E4M3 or F8_E5M2`)
  }
  if (spelling === undefined) {
    throw new InputError(`${at(checkpoint, weight.spelling)} is ${dtype}, but "${weight.spelling}_scale" is missing`)
  }
  const { dtype: scaleType, shape } = checkpoint.tensors.get(spelling)!
  const [rows, width] = weight.shape
  const blocks = [Math.ceil(rows / blockSize), Math.ceil(width / blockSize)]
  // [] and [1] are per tensor, [N, 1] and [N] per row; the graph knows them as [1] and [N].
  const forms = new Map([
    ['', [1]],
    ['1', [1]],
    ['1,1', [1]],
    [`${rows}`, [rows]],
    [`${rows},1`, [rows]],
    [blocks.join(), blocks],
  ])
  const normal = forms.get(shape.join())
  if (normal === undefined || !['F64', 'F32', 'F16', 'BF16'].includes(scaleType)) {
    const found = `${scaleType} [${shape.join(', ')}]`
    throw new InputError(
      `${at(checkpoint, spelling)} is ${found}, expected a float of shape [], [${rows}, 1] or [${blocks.join(', ')}]`,
    )
  }
  return { spelling, spec: { dtype: scaleType, shape: normal } }
}

function checkQuantization(q: Json, name: string): void {
  const where = `${name}/config.json: quantization_config`
  const method = q['quant_method']
  const block = q['weight_block_size']
  if (method === 'compressed-tensors' && q['format'] !== 'float-quantized') {
    throw new UnsupportedError(`${where}.format is ${shown(q['format'])}, expected "float-quantized"`)
  }
  if (method !== 'compressed-tensors' && method !== 'fp8') {
    throw new UnsupportedError(`${where}.quant_method is ${shown(method)}, expected "compressed-tensors" or "fp8"`)
  }
  if (block !== undefined && block !== null && shown(block) !== `[${blockSize},${blockSize}]`) {
    throw new UnsupportedError(`${where}.weight_block_size is ${shown(block)}, expected [${blockSize}, ${blockSize}]`)
  }
}

async function read(
  checkpoint: Checkpoint,
  specs: ReadonlyMap<string, Spec>,
  spellings: ReadonlyMap<string, string>,
  name: string,
  rows?: Range,
): Promise<Tensor> {
  const spelling = spellings.get(name)
  if (spelling === undefined) throw new InputError(`${checkpoint.name}: the model has no weight "${name}"`)
  const found = await checkpoint.read(spelling, rows)
  if (name.endsWith('.scale')) {
    const bad = decode(found).findIndex((scale) => !(scale > 0 && scale < Infinity))
    if (bad >= 0) {
      throw new InputError(
        `${at(checkpoint, spelling)}: scale ${bad} is ${decode(found)[bad]}, expected a finite positive number`,
      )
    }
    // Per row the checkpoint may say [N, 1]; the graph says [N].
    return { ...found, shape: specs.get(name)!.shape.length === 1 ? [found.data.length] : found.shape }
  }
  if (found.dtype.startsWith('F8')) checkCodes(found, at(checkpoint, spelling))
  return found
}

function checkCodes({ dtype, data }: Tensor, where: string): void {
  const largest = dtype === 'F8_E4M3' ? 0x7e : 0x7b
  const bad = (data as Uint8Array).findIndex((code) => (code & 0x7f) > largest)
  if (bad >= 0) throw new InputError(`${where}: element ${bad} is not a finite number (code ${data[bad]})`)
}
