import type { Format } from './checkpoint.ts'
import type { Config } from './config.ts'

/** What a checkpoint must hold for a part of the graph: a weight, and a bias if it is said to have one. */
export interface Module {
  /** As the graph calls it: `layers.0.query`. */
  readonly name: string
  /** As the checkpoint calls it: `model.layers.0.self_attn.q_proj`. */
  readonly spelling: string
  /** [N, K] of a linear, [V, D] of a table, [D] of a vector. */
  readonly shape: readonly number[]
  readonly kind: 'linear' | 'table' | 'vector'
  readonly bias: boolean
  /** Width of the heads whose rows are stored with RoPE's pairs side by side; null where the order is the graph's. */
  readonly interleaved: number | null
}

/** Graph names → the spellings of both formats. The only place that knows them. */
const spellings = {
  embedding: { huggingface: 'model.embed_tokens', mistral: 'tok_embeddings' },
  norm: { huggingface: 'model.norm', mistral: 'norm' },
  logits: { huggingface: 'lm_head', mistral: 'output' },
} as const
const layers = { huggingface: 'model.layers', mistral: 'layers' } as const
const layerSpellings = {
  'attention.norm': { huggingface: 'input_layernorm', mistral: 'attention_norm' },
  query: { huggingface: 'self_attn.q_proj', mistral: 'attention.wq' },
  key: { huggingface: 'self_attn.k_proj', mistral: 'attention.wk' },
  value: { huggingface: 'self_attn.v_proj', mistral: 'attention.wv' },
  output: { huggingface: 'self_attn.o_proj', mistral: 'attention.wo' },
  'mlp.norm': { huggingface: 'post_attention_layernorm', mistral: 'ffn_norm' },
  gate: { huggingface: 'mlp.gate_proj', mistral: 'feed_forward.w1' },
  up: { huggingface: 'mlp.up_proj', mistral: 'feed_forward.w3' },
  down: { huggingface: 'mlp.down_proj', mistral: 'feed_forward.w2' },
} as const

/**
 * The modules that a config promises, with their shapes. One at a time: a config may promise more layers than there is
 * memory, and the first that is missing ends it. `logits` comes last, also where it is tied.
 */
export function* modules(config: Config, format: Format): Generator<Module> {
  const { vocabulary, width } = config
  const plain = { bias: false, interleaved: null }
  yield {
    name: 'embedding',
    spelling: spellings.embedding[format],
    shape: [vocabulary, width],
    kind: 'table',
    ...plain,
  }
  for (let layer = 0; layer < config.layers; layer++) yield* layerModules(config, format, layer)
  yield { name: 'norm', spelling: spellings.norm[format], shape: [width], kind: 'vector', ...plain }
  yield { name: 'logits', spelling: spellings.logits[format], shape: [vocabulary, width], kind: 'linear', ...plain }
}

function* layerModules(config: Config, format: Format, layer: number): Generator<Module> {
  const { width, hidden, heads, kvHeads, headDim, attentionBias, mlpBias } = config
  const [q, kv] = [heads * headDim, kvHeads * headDim]
  const interleaved = format === 'mistral' ? headDim : null
  const module = (
    part: keyof typeof layerSpellings,
    shape: readonly number[],
    bias: boolean,
    interleaved: number | null = null,
  ): Module => ({
    name: `layers.${layer}.${part}`,
    spelling: `${layers[format]}.${layer}.${layerSpellings[part][format]}`,
    shape,
    kind: shape.length === 1 ? 'vector' : 'linear',
    bias,
    interleaved,
  })
  yield module('attention.norm', [width], false)
  yield module('query', [q, width], attentionBias, interleaved)
  yield module('key', [kv, width], attentionBias, interleaved)
  yield module('value', [kv, width], attentionBias)
  yield module('output', [width, q], attentionBias)
  yield module('mlp.norm', [width], false)
  yield module('gate', [hidden, width], mlpBias)
  yield module('up', [hidden, width], mlpBias)
  yield module('down', [width, hidden], mlpBias)
}

/** Checkpoint tensors that a weight-only reading does not need: scales of activations, and buffers that are recomputed. */
const unused = {
  huggingface:
    /\.(input_scale|input_scale_ub|activation_scale|output_scale|kv_scale|[qkv]_scale|prob_scale|rotary_emb\.inv_freq)$/,
  mistral: /\.qscale_act$/,
}

/** Whether a tensor may stand in a checkpoint without being read. Spec: [fp8.1]. */
export function isUnused(tensor: string, format: Format): boolean {
  return unused[format].test(tensor)
}
