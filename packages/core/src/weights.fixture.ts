// A small model's checkpoint for tests, in memory. Sizes on both sides of 128 and no multiples of it, so that the last
// blocks are cut in both directions, and not in halves.
import { blobFolder } from './byte-source.ts'
import { openCheckpoint, weightFiles, type Format } from './checkpoint.ts'
import { run } from './backend.ts'
import { readConfig } from './config.ts'
import { mistral } from './mistral.ts'
import { readParams } from './params.ts'
import { reference } from './reference/index.ts'
import { safetensorsBytes } from './safetensors-writer.ts'
import { elements, tensor, type Tensor } from './tensor.ts'
import { openWeights } from './weights.ts'

export type Tensors = Map<string, Tensor>
export type Shape = readonly [rows: number, width: number]

export const settings = {
  architectures: ['LlamaForCausalLM'],
  vocab_size: 20,
  hidden_size: 144,
  num_hidden_layers: 1,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  head_dim: 8,
  intermediate_size: 200,
  rms_norm_eps: 1e-5,
}
export const layer = 'model.layers.0'
export const linears: Readonly<Record<string, Shape>> = {
  [`${layer}.self_attn.q_proj`]: [16, 144],
  [`${layer}.self_attn.k_proj`]: [8, 144],
  [`${layer}.self_attn.v_proj`]: [8, 144],
  [`${layer}.self_attn.o_proj`]: [144, 16],
  [`${layer}.mlp.gate_proj`]: [200, 144],
  [`${layer}.mlp.up_proj`]: [200, 144],
  [`${layer}.mlp.down_proj`]: [144, 200],
}

/** Whole numbers from 0 to 65535 (Numerical Recipes' generator). */
export function random(seed: number): () => number {
  let state = seed >>> 0
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) >>> 16
}

export function floats(shape: readonly number[], next: () => number): Tensor<'F32'> {
  return tensor(
    'F32',
    shape,
    Float32Array.from({ length: elements(shape) }, () => next() / 65536 - 0.5),
  )
}

/** Scales from 2⁻¹⁶ to 1. */
export function scales(shape: readonly number[], next: () => number): Tensor<'F32'> {
  return tensor(
    'F32',
    shape,
    Float32Array.from({ length: elements(shape) }, () => (next() + 1) / 65536),
  )
}

/** Finite codes of E4M3 of at most 1.875. */
export function codes(shape: readonly number[], next: () => number): Tensor<'F8_E4M3'> {
  return tensor(
    'F8_E4M3',
    shape,
    Uint8Array.from({ length: elements(shape) }, () => ((next() & 1) << 7) | (next() % 64)),
  )
}

/** E4M3 by its definition: sign, exponent of bias 7, mantissa of 3 bits. */
export function e4m3(code: number): number {
  const [exponent, mantissa] = [(code >> 3) & 15, code & 7]
  const size = exponent === 0 ? mantissa / 512 : (1 + mantissa / 8) * 2 ** (exponent - 7)
  return code & 128 ? -size : size
}

/** Everything but the linears. */
export function others(): Tensors {
  const next = random(1)
  return new Map([
    ['model.embed_tokens.weight', floats([20, 144], next)],
    ['lm_head.weight', floats([20, 144], next)],
    ['model.norm.weight', floats([144], next)],
    [`${layer}.input_layernorm.weight`, floats([144], next)],
    [`${layer}.post_attention_layernorm.weight`, floats([144], next)],
  ])
}

/** The whole model in F32. */
export function unquantised(): Tensors {
  const next = random(4)
  const weights = Object.entries(linears).map(([name, shape]) => [`${name}.weight`, floats(shape, next)] as const)
  return new Map<string, Tensor>([...others(), ...weights])
}

/** What shares a scale. */
export type Granule = 'tensor' | 'channel' | 'block'

export function scaleShape(granule: Granule, [rows, width]: Shape): number[] {
  if (granule === 'tensor') return []
  return granule === 'channel' ? [rows, 1] : [Math.ceil(rows / 128), Math.ceil(width / 128)]
}

/** Changes to a checkpoint by name; null takes a tensor out. */
export function changed(tensors: Tensors, changes: Readonly<Record<string, Tensor | null>>): Tensors {
  const all = new Map(tensors)
  for (const [name, value] of Object.entries(changes)) {
    if (value === null) all.delete(name)
    else all.set(name, value)
  }
  return all
}

export interface Opening {
  readonly format?: Format
  /** Members of config.json or params.json. */
  readonly more?: object
  readonly metadata?: ReadonlyMap<string, string>
}

export const params = {
  dim: 144,
  n_layers: 1,
  head_dim: 8,
  hidden_dim: 200,
  n_heads: 2,
  n_kv_heads: 1,
  norm_eps: 1e-5,
  vocab_size: 20,
  rope_theta: 10000,
}

export async function open(tensors: Tensors, { format = 'huggingface', more = {}, metadata }: Opening = {}) {
  const blob = new Blob([safetensorsBytes(tensors, metadata) as Uint8Array<ArrayBuffer>])
  const folder = blobFolder(new Map([[weightFiles[format].single, blob]]), 'm')
  const checkpoint = await openCheckpoint(folder, format)
  const config =
    format === 'mistral'
      ? readParams(JSON.stringify({ ...params, ...more }))
      : readConfig(JSON.stringify({ ...settings, ...more }))
  return { config, weights: openWeights(checkpoint, config) }
}

/** Of four tokens [4, V], by the reference. */
export async function logits(tensors: Tensors, opening: Opening = {}): Promise<Float64Array> {
  const { config, weights } = await open(tensors, opening)
  const program = await reference().load(mistral(config, weights.specs), weights)
  const sequence = program.open(8)
  const values = await run(program, [{ sequence, tokens: Int32Array.of(3, 1, 19, 7), logits: 'all' }])
  await program.dispose()
  return values.get('logits')!.data as Float64Array
}
