import { encode, mistral, readConfig, type Graph, type Spec, type Tensor, type WeightSource } from '@tramontane/core'
import { uniform } from './attention.fixture.ts'

/** What numbers can be written in. */
type DType = Parameters<typeof encode>[0]

/** Of a model whose numbers do not matter. */
export interface Sizes {
  readonly layers: number
  readonly D: number
  readonly H: number
  readonly G: number
  readonly d: number
  readonly F: number
  readonly V: number
}

/** What is not as usual, by names of weights. */
export interface Options {
  readonly window?: number
  readonly tied?: boolean
  readonly dtypeOf?: (name: string) => DType
  /** Of a weight of some shape; null for none. */
  readonly scaleOf?: (name: string, shape: readonly number[]) => readonly number[] | null
  readonly hasBias?: (name: string) => boolean
}

export const small: Sizes = { layers: 2, D: 24, H: 4, G: 2, d: 8, F: 40, V: 50 }

/** A model of random weights about as large as those of trained ones, and where to read them. */
export function randomModel(
  { layers, D, H, G, d, F, V }: Sizes,
  { window, tied = false, dtypeOf = () => 'BF16', scaleOf = () => null, hasBias = () => false }: Options = {},
): { readonly graph: Graph; readonly source: WeightSource } {
  const values = new Map<string, Tensor>()
  const random = uniform(5)
  const add = (name: string, dtype: DType, shape: readonly number[], make: () => number): void => {
    const length = shape.reduce((a, b) => a * b, 1)
    values.set(name, encode(dtype, [...shape], Array.from({ length }, make)))
  }
  const linear = (name: string, N: number, K: number): void => {
    add(`${name}.weight`, dtypeOf(name), [N, K], () => (2 * random()) / Math.sqrt(K))
    const scale = scaleOf(name, [N, K])
    if (scale) add(`${name}.scale`, 'F32', scale, () => 1 + random() / 2)
    if (hasBias(name)) add(`${name}.bias`, 'F32', [N], random)
  }
  add('embedding.weight', dtypeOf('embedding'), [V, D], random)
  for (let layer = 0; layer < layers; layer++) {
    const at = (part: string): string => `layers.${layer}.${part}`
    linear(at('query'), H * d, D)
    linear(at('key'), G * d, D)
    linear(at('value'), G * d, D)
    linear(at('output'), D, H * d)
    linear(at('gate'), F, D)
    linear(at('up'), F, D)
    linear(at('down'), D, F)
    for (const norm of ['attention.norm', 'mlp.norm']) add(`${at(norm)}.weight`, 'F32', [D], () => 1 + random() / 2)
  }
  add('norm.weight', 'F32', [D], () => 1 + random() / 2)
  if (!tied) linear('logits', V, D)
  const specs = new Map<string, Spec>([...values].map(([name, { dtype, shape }]) => [name, { dtype, shape }]))
  const config = {
    ...{ architectures: ['MistralForCausalLM'], hidden_size: D, intermediate_size: F, vocab_size: V },
    ...{ num_hidden_layers: layers, num_attention_heads: H, num_key_value_heads: G, head_dim: d },
    ...{ sliding_window: window ?? null, tie_word_embeddings: tied },
  }
  const graph = mistral(readConfig(JSON.stringify(config)), specs)
  return { graph, source: { specs, read: async (name) => values.get(name)! } }
}
