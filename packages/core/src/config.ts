import { InputError, UnsupportedError } from './errors.ts'
import type { RopeScaling } from './rope.ts'
import { boolean, object, parseSettings, positive, positiveInteger, shown, tokenIds, type Json } from './settings.ts'

/** What a Mistral-family model is, in our words. Sizes in elements, context in tokens. */
export interface Config {
  readonly architecture: 'MistralForCausalLM' | 'LlamaForCausalLM'
  readonly layers: number
  readonly width: number
  readonly heads: number
  readonly kvHeads: number
  readonly headDim: number
  readonly hidden: number
  readonly vocabulary: number
  readonly context: number
  readonly normEpsilon: number
  /** Keys a query sees, its own included; null for all. Spec: [attention.3]. */
  readonly window: number | null
  readonly ropeTheta: number
  readonly ropeScaling: RopeScaling
  /** The logits use the embedding's table, unless the checkpoint has one for them. Spec: [graph.4]. */
  readonly tied: boolean
  /** Query, key, value and output projections have biases. */
  readonly attentionBias: boolean
  /** Gate, up and down projections have biases. */
  readonly mlpBias: boolean
  readonly begin: number | null
  /** Ids that end a text. */
  readonly end: readonly number[]
  /** The checkpoint's own words on quantisation; understood by `readClaim`. */
  readonly quantization: Json | null
}

/** What transformers takes where config.json has no such key (MistralConfig and LlamaConfig of transformers 5.23). */
const shared = {
  vocab_size: 32000,
  hidden_size: 4096,
  num_hidden_layers: 32,
  num_attention_heads: 32,
  rms_norm_eps: 1e-6,
}
const defaults = {
  MistralForCausalLM: { ...shared, intermediate_size: 14336, num_key_value_heads: 8, max_position_embeddings: 131072 },
  LlamaForCausalLM: { ...shared, intermediate_size: 11008, num_key_value_heads: null, max_position_embeddings: 2048 },
} as const

/** Keys that do not change the numbers of inference. */
const neutral = new Set(
  `_name_or_path architectures attention_dropout auto_map chunk_size_feed_forward dtype id2label initializer_range
  is_encoder_decoder is_llama_config label2id max_length max_new_tokens model_type pad_token_id problem_type return_dict
  tokenizer_class torch_dtype transformers.js_config transformers_version unk_token_id unsloth_fixed unsloth_version
  use_cache`.split(/\s+/),
)

const understood = new Set(
  `vocab_size hidden_size num_hidden_layers num_attention_heads num_key_value_heads rms_norm_eps intermediate_size
  max_position_embeddings head_dim hidden_act sliding_window rope_theta rope_scaling rope_parameters tie_word_embeddings
  attention_bias mlp_bias bos_token_id eos_token_id quantization_config pretraining_tp layer_types`.split(/\s+/),
)

/**
 * Reads a Hugging Face config.json. `name` is used in errors. Throws UnsupportedError for an architecture or a setting
 * that this engine does not know and that may change the numbers; InputError for values that cannot be.
 */
export function readConfig(text: string, name = 'config.json'): Config {
  const json = parseSettings(text, name)
  const architecture = architectureOf(json, name)
  for (const [key, value] of Object.entries(json)) {
    if (understood.has(key) || neutral.has(key) || value === null || value === false) continue
    throw new UnsupportedError(`${name}: unknown setting ${shown(key)} = ${shown(value)} may change the numbers`)
  }
  const fallback: Json = defaults[architecture]
  const field = (key: string): unknown => (json[key] === undefined ? fallback[key] : json[key])
  /** Null says none; only a missing key takes the default. */
  const optional = (key: string, missing: number): unknown => (json[key] === undefined ? missing : json[key])
  const size = (key: string): number => positiveInteger(field(key), `${name}: ${key}`)
  const heads = size('num_attention_heads')
  const kvHeads = field('num_key_value_heads') === null ? heads : size('num_key_value_heads')
  const width = size('hidden_size')
  const expect = (key: string, accepted: readonly unknown[]) => {
    if (json[key] !== undefined && !accepted.includes(json[key])) {
      throw new UnsupportedError(`${name}: ${key} is ${shown(json[key])}, expected ${JSON.stringify(accepted[0])}`)
    }
  }
  expect('hidden_act', ['silu', 'swish'])
  expect('pretraining_tp', [1, null])
  if (heads % kvHeads !== 0) {
    throw new InputError(`${name}: num_attention_heads ${heads} is not a multiple of num_key_value_heads ${kvHeads}`)
  }
  const headDim = headDimOf(json['head_dim'], width, heads, name)
  const llama = architecture === 'LlamaForCausalLM'
  if (!llama && (json['attention_bias'] || json['mlp_bias'])) {
    throw new UnsupportedError(`${name}: ${architecture} has no biases, but attention_bias or mlp_bias is set`)
  }
  const context = size('max_position_embeddings')
  const rope = ropeOf(json, context, name)
  const quantization = json['quantization_config']
  return {
    architecture,
    layers: size('num_hidden_layers'),
    width,
    heads,
    kvHeads,
    headDim,
    hidden: size('intermediate_size'),
    vocabulary: size('vocab_size'),
    context,
    normEpsilon: positive(field('rms_norm_eps'), `${name}: rms_norm_eps`),
    window: windowOf(json, llama, name),
    ropeTheta: rope.theta,
    ropeScaling: rope.scaling,
    tied: boolean(json['tie_word_embeddings'] ?? false, `${name}: tie_word_embeddings`),
    attentionBias: boolean(json['attention_bias'] ?? false, `${name}: attention_bias`),
    mlpBias: boolean(json['mlp_bias'] ?? false, `${name}: mlp_bias`),
    begin: tokenIds(optional('bos_token_id', 1), `${name}: bos_token_id`)[0] ?? null,
    end: tokenIds(optional('eos_token_id', 2), `${name}: eos_token_id`),
    quantization:
      quantization === undefined || quantization === null ? null : object(quantization, `${name}: quantization_config`),
  }
}

const modelTypes = { MistralForCausalLM: 'mistral', LlamaForCausalLM: 'llama' } as const

/** One of two keys suffices; two that disagree are another model. */
function architectureOf(json: Json, name: string): keyof typeof defaults {
  const { architectures, model_type: type } = json
  const listed: unknown[] = Array.isArray(architectures) ? architectures : []
  const known = Object.keys(defaults) as (keyof typeof defaults)[]
  const found = known.find((key) => (listed.length === 0 ? type === modelTypes[key] : listed[0] === key))
  const agrees = found !== undefined && listed.length <= 1 && (type ?? modelTypes[found]) === modelTypes[found]
  if (agrees) return found
  const given = `${shown(architectures ?? null)} of model_type ${shown(type ?? null)}`
  throw new UnsupportedError(`${name}: architecture ${given} is not one of ${known.join(', ')}`)
}

function headDimOf(given: unknown, width: number, heads: number, name: string): number {
  if (given === undefined || given === null) {
    if (width % heads !== 0) {
      throw new InputError(
        `${name}: hidden_size ${width} is not a multiple of num_attention_heads ${heads}, and head_dim is missing`,
      )
    }
  }
  const headDim = positiveInteger(given ?? width / heads, `${name}: head_dim`)
  if (headDim % 2 !== 0)
    throw new InputError(`${name}: head_dim is ${headDim}, expected an even number (RoPE rotates pairs)`)
  return headDim
}

/** Missing takes Hugging Face's default (4,096 for Mistral), null means none; Llama has no window. */
function windowOf(json: Json, llama: boolean, name: string): number | null {
  const layers = json['layer_types'] ?? []
  if (!Array.isArray(layers) || layers.some((type) => type !== 'full_attention')) {
    throw new UnsupportedError(`${name}: layer_types is ${shown(layers)}, expected full_attention for all layers`)
  }
  const given = json['sliding_window']
  if (given === null || (llama && given === undefined)) return null
  if (llama) throw new UnsupportedError(`${name}: sliding_window is ${shown(given)}, but LlamaForCausalLM has none`)
  return given === undefined ? 4096 : positiveInteger(given, `${name}: sliding_window`)
}

/** As transformers: a rope_scaling with anything in it comes before rope_parameters. */
function ropeOf(json: Json, context: number, name: string): { theta: number; scaling: RopeScaling } {
  const members = (key: string): Json =>
    json[key] === undefined || json[key] === null ? {} : object(json[key], `${name}: ${key}`)
  const key = Object.keys(members('rope_scaling')).length > 0 ? 'rope_scaling' : 'rope_parameters'
  const given = members(key)
  const theta = positive(given['rope_theta'] ?? json['rope_theta'] ?? 10000, `${name}: rope_theta`)
  const type = given['rope_type'] ?? given['type'] ?? 'default'
  const number = (field: string): number => positive(given[field], `${name}: ${key}.${field}`)
  const known = ['rope_theta', 'rope_type', 'type']
  const scaling = ((): RopeScaling => {
    if (type === 'default') return { type }
    known.push('factor')
    if (type === 'linear') return { type, factor: number('factor') }
    known.push('low_freq_factor', 'high_freq_factor', 'original_max_position_embeddings')
    if (type !== 'llama3')
      throw new UnsupportedError(`${name}: rope type ${shown(type)}, expected default, linear or llama3`)
    return {
      type,
      factor: number('factor'),
      lowFrequencyFactor: number('low_freq_factor'),
      highFrequencyFactor: number('high_freq_factor'),
      originalContext: positive(
        given['original_max_position_embeddings'] ?? context,
        `${name}: ${key}.original_max_position_embeddings`,
      ),
    }
  })()
  const unknown = Object.keys(given).find((field) => !known.includes(field) && given[field] !== null)
  if (unknown !== undefined)
    throw new UnsupportedError(`${name}: unknown setting ${shown(`${key}.${unknown}`)} for rope type ${type}`)
  return { theta, scaling }
}
