import type { Config } from './config.ts'
import { InputError, UnsupportedError } from './errors.ts'
import { boolean, object, parseSettings, positive, positiveInteger, shown, type Json } from './settings.ts'

/** Settings that do not change the numbers of inference. */
const neutral = new Set(['max_batch_size', 'dtype'])

const understood = new Set(
  `dim n_layers head_dim hidden_dim n_heads n_kv_heads norm_eps vocab_size rope_theta sliding_window
  max_position_embeddings max_seq_len tied_embeddings quantization model_type activation causal`.split(/\s+/),
)

/** Positions where params.json names none: the table of mistral-inference, and vLLM's default. */
const defaultContext = 128_000

/**
 * Reads the params.json of Mistral's own checkpoints. `name` is used in errors. Throws UnsupportedError for a setting
 * that this engine does not know and that may change the numbers (experts, vision, YaRN among them); InputError for
 * values that cannot be. Spec: [native.2].
 */
export function readParams(text: string, name = 'params.json'): Config {
  const json = parseSettings(text, name)
  for (const [key, value] of Object.entries(json)) {
    if (understood.has(key) || neutral.has(key) || value === null || value === false) continue
    throw new UnsupportedError(`${name}: unknown setting ${shown(key)} = ${shown(value)} may change the numbers`)
  }
  expect(json, 'model_type', 'transformer', name)
  expect(json, 'activation', 'silu', name)
  expect(json, 'causal', true, name)
  const size = (key: string): number => positiveInteger(json[key], `${name}: ${key}`)
  const window = windowOf(json, name)
  const quantization = json['quantization'] ?? null
  return {
    architecture: 'MistralForCausalLM',
    layers: size('n_layers'),
    width: size('dim'),
    ...headsOf(json, name),
    hidden: size('hidden_dim'),
    vocabulary: size('vocab_size'),
    context: positiveInteger(
      json['max_position_embeddings'] ?? json['max_seq_len'] ?? defaultContext,
      `${name}: max_position_embeddings`,
    ),
    normEpsilon: positive(json['norm_eps'], `${name}: norm_eps`),
    window,
    ropeTheta: positive(json['rope_theta'] ?? defaultTheta(window), `${name}: rope_theta`),
    ropeScaling: { type: 'default' },
    tied: boolean(json['tied_embeddings'] ?? false, `${name}: tied_embeddings`),
    attentionBias: false,
    mlpBias: false,
    begin: 1,
    end: [2],
    quantization: quantization === null ? null : object(quantization, `${name}: quantization`),
  }
}

/**
 * The one published checkpoint without a rope_theta, v0.1, has a window and was trained with 10,000. mistral-inference
 * took 10,000 with a window and 1,000,000 without, later 1,000,000 always; transformers' converter takes 10,000 always.
 */
function defaultTheta(window: number | null): number {
  return window === null ? 1_000_000 : 10_000
}

function headsOf(json: Json, name: string): Pick<Config, 'heads' | 'kvHeads' | 'headDim'> {
  const size = (key: string): number => positiveInteger(json[key], `${name}: ${key}`)
  const [heads, kvHeads, headDim] = [size('n_heads'), size('n_kv_heads'), size('head_dim')]
  if (heads % kvHeads !== 0)
    throw new InputError(`${name}: n_heads ${heads} is not a multiple of n_kv_heads ${kvHeads}`)
  if (headDim % 2 !== 0) {
    throw new InputError(`${name}: head_dim is ${headDim}, expected an even number (RoPE rotates pairs)`)
  }
  return { heads, kvHeads, headDim }
}

/** None where it is missing. A list has one entry per layer, repeated; all layers must have the same. */
function windowOf(json: Json, name: string): number | null {
  const given = json['sliding_window'] ?? null
  const [window = null, ...others]: unknown[] = Array.isArray(given) ? given : [given]
  if (others.some((other) => other !== window)) {
    throw new UnsupportedError(`${name}: sliding_window is ${shown(given)}, expected the same for all layers`)
  }
  return window === null ? null : positiveInteger(window, `${name}: sliding_window`)
}

function expect(json: Json, key: string, only: unknown, name: string): void {
  const given = json[key] ?? only
  if (given !== only) throw new UnsupportedError(`${name}: ${key} is ${shown(given)}, expected ${shown(only)}`)
}
