import { InputError } from './errors.ts'
import { blockCounts, blockSize } from './graph.ts'
import type { Form } from './quantization.ts'
import type { Json } from './settings.ts'
import { jsonFile, type OutputFile } from './shards.ts'
import type { Spec } from './tensor.ts'

/** What shares one scale, by compressed-tensors' word for it. */
export type Strategy = Form
export const strategies: readonly Strategy[] = ['tensor', 'channel', 'block']

const linear = /\.(q|k|v|o|gate|up|down)_proj\.weight$/

/** Whether a tensor of a checkpoint is a weight that fp8 layouts quantise: every linear but `lm_head`. */
export function isQuantised(name: string): boolean {
  return linear.test(name)
}

export function scaleName(weight: string): string {
  return `${weight}_scale`
}

/** The weight that a tensor scales; undefined for a tensor that is no scale. */
export function scaledWeight(name: string): string | undefined {
  const weight = name.replace(/_scale$/, '')
  return weight !== name && isQuantised(weight) ? weight : undefined
}

/** A weight [N, K] → the shape that compressed-tensors gives its scales: [1], [N, 1] or [⌈N/128⌉, ⌈K/128⌉]. */
export function scaleShape(strategy: Strategy, weight: readonly number[]): number[] {
  switch (strategy) {
    case 'tensor':
      return [1]
    case 'channel':
      return [weight[0], 1]
    case 'block':
      return blockCounts(weight)
  }
}

/** Which scale the elements of a row share: element k of row n has number `first(n) + ⌊k / width⌋`. */
export interface ScaleMap {
  readonly width: number
  first(row: number): number
}

export function scaleMap(strategy: Strategy, [, K]: readonly number[]): ScaleMap {
  switch (strategy) {
    case 'tensor':
      return { width: K, first: () => 0 }
    case 'channel':
      return { width: K, first: (n) => n }
    case 'block':
      return { width: blockSize, first: (n) => Math.floor(n / blockSize) * Math.ceil(K / blockSize) }
  }
}

/** The tensors that stand for one tensor of a model: F8_E4M3 and its BF16 scales for a linear, else BF16. */
export function storedSpecs(name: string, shape: readonly number[], strategy: Strategy): ReadonlyMap<string, Spec> {
  if (!isQuantised(name)) return new Map([[name, { dtype: 'BF16', shape }]])
  return new Map<string, Spec>([
    [name, { dtype: 'F8_E4M3', shape }],
    [scaleName(name), { dtype: 'BF16', shape: scaleShape(strategy, shape) }],
  ])
}

/** The config.json of a quantised model, from that of its source. Throws InputError for what nests too deep to be written. */
export function configFile(text: string, strategy: Strategy, where: string): OutputFile {
  try {
    return jsonFile('config.json', fp8Config(JSON.parse(text) as Json, strategy))
  } catch (error) {
    throw new InputError(`${where}: expected settings that can be written again, found ${(error as Error).message}`)
  }
}

/** A config.json with the `quantization_config` that vLLM and transformers read: E4M3 by this strategy, weights only. */
function fp8Config(config: Json, strategy: Strategy): Json {
  const types = { torch_dtype: 'bfloat16', ...('dtype' in config ? { dtype: 'bfloat16' } : {}) }
  return { ...config, ...types, quantization_config: quantization(strategy) }
}

function quantization(strategy: Strategy): Json {
  return {
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
          strategy,
          symmetric: true,
          dynamic: false,
          group_size: null,
          block_structure: strategy === 'block' ? [blockSize, blockSize] : null,
          actorder: null,
          observer: 'minmax',
          observer_kwargs: {},
        },
        input_activations: null,
        output_activations: null,
      },
    },
  }
}
