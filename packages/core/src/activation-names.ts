import type { Graph, Node } from './graph.ts'

/**
 * One value of the forward pass under all its names: ours, and those by which other programs call the same number. A
 * program that has no name for it has none here.
 */
export interface Activation {
  /** The name of the node, or of the pattern inside an attention node. */
  readonly name: string
  /** Whether an override can replace it: all but the pattern of an attention. */
  readonly overridable: boolean
  readonly transformerLens: readonly string[]
  /** Modules, for their output; of a tuple, the first. */
  readonly huggingFace: readonly string[]
  /** Callback names of llama.cpp. */
  readonly ggml: readonly string[]
}

type Row = readonly [name: string, transformerLens: string, huggingFace: string, ggml: string]

/**
 * The one table of names, `#` for the layer and `#+1` for the one after it. In a row stands what is the same number and
 * is read by the same successors, so that reading and overriding mean the same. Sources: docs/spec.md [names.2].
 */
// prettier-ignore
const table: readonly Row[] = [
  ['embedding', 'hook_embed blocks.0.hook_resid_pre', 'model.embed_tokens', 'inp_embd embd'],
  ['layers.#.attention.norm', 'blocks.#.ln1.hook_out', 'model.layers.#.input_layernorm', 'attn_norm-#'],
  ['layers.#.query', 'blocks.#.attn.hook_q', 'model.layers.#.self_attn.q_proj', ''],
  ['layers.#.query.rope', 'blocks.#.attn.hook_rot_q', '', 'Qcur-#'],
  ['layers.#.key', 'blocks.#.attn.hook_k', 'model.layers.#.self_attn.k_proj', ''],
  ['layers.#.key.rope', 'blocks.#.attn.hook_rot_k', '', 'Kcur-#'],
  ['layers.#.value', 'blocks.#.attn.hook_v', 'model.layers.#.self_attn.v_proj', 'Vcur-#'],
  ['layers.#.attention', 'blocks.#.attn.hook_z', '', 'kqv_out-#'],
  ['layers.#.attention.pattern', 'blocks.#.attn.hook_pattern', '', 'kq_soft_max-#'],
  ['layers.#.output', 'blocks.#.hook_attn_out', 'model.layers.#.self_attn.o_proj model.layers.#.self_attn', 'attn_out-#'],
  ['layers.#.attention.residual', 'blocks.#.hook_resid_mid', '', 'ffn_inp-#'],
  ['layers.#.mlp.norm', 'blocks.#.ln2.hook_out', 'model.layers.#.post_attention_layernorm', 'ffn_norm-#'],
  ['layers.#.gate', 'blocks.#.mlp.hook_pre', 'model.layers.#.mlp.gate_proj', 'ffn_gate-#'],
  ['layers.#.gate.silu', '', 'model.layers.#.mlp.act_fn', 'ffn_silu-#'],
  ['layers.#.up', 'blocks.#.mlp.hook_pre_linear', 'model.layers.#.mlp.up_proj', 'ffn_up-#'],
  ['layers.#.hidden', 'blocks.#.mlp.hook_post', '', 'ffn_swiglu-# ffn_gate_par-#'],
  ['layers.#.down', 'blocks.#.hook_mlp_out', 'model.layers.#.mlp.down_proj model.layers.#.mlp', 'ffn_out-#'],
  ['layers.#.mlp.residual', 'blocks.#.hook_resid_post blocks.#+1.hook_resid_pre', 'model.layers.#', 'l_out-#'],
  ['norm', 'ln_final.hook_out', 'model.norm', 'result_norm'],
  ['logits', 'unembed.hook_out', 'lm_head', 'result_output'],
]

const scores = 'scores before the softmax are not kept; what comes of them is "layers.#.attention.pattern"'
const heads = 'all heads stand side by side in "layers.#.attention", before the output projection'
const scale = 'the root mean square is not a value of the graph'
const beforeWeight = (node: string) => `it is taken before the weight of the norm; after it, the value is "${node}"`
const branch = (node: string) => `only one branch reads that copy; what all read is "${node}"`

/** Names of other programs that look as if they were in the table, and why they are not. */
const refused: readonly (readonly [name: string, reason: string])[] = [
  ['blocks.#.attn.hook_attn_scores', scores],
  ['kq-#', scores],
  ['blocks.#.attn.hook_result', `the share of a single head is not computed; ${heads}`],
  ['kqv-#', heads],
  ['blocks.#.ln1.hook_normalized', beforeWeight('layers.#.attention.norm')],
  ['blocks.#.ln2.hook_normalized', beforeWeight('layers.#.mlp.norm')],
  ['ln_final.hook_normalized', beforeWeight('norm')],
  ['norm-#', `two values have that name; ${beforeWeight('layers.#.attention.norm" or "layers.#.mlp.norm')}`],
  ['blocks.#.ln1.hook_scale', scale],
  ['blocks.#.ln2.hook_scale', scale],
  ['ln_final.hook_scale', scale],
  ['blocks.#.hook_attn_in', branch('blocks.#.hook_resid_pre')],
  ['blocks.#.hook_q_input', branch('blocks.#.hook_resid_pre')],
  ['blocks.#.hook_k_input', branch('blocks.#.hook_resid_pre')],
  ['blocks.#.hook_v_input', branch('blocks.#.hook_resid_pre')],
  ['blocks.#.hook_mlp_in', branch('layers.#.attention.residual')],
  ['model.rotary_emb', 'the host computes angles; they are not a value of the graph'],
]

/** Everything that can be read in a graph, in the order of its nodes, under all its names. */
export function activations(graph: Graph): Activation[] {
  const layers = layerCount(graph)
  return graph.nodes.flatMap((node) => {
    const value = { ...namesOf(node.name, layers, node), overridable: true }
    if (node.op !== 'attention') return [value]
    return [value, { ...namesOf(`${node.name}.pattern`, layers), overridable: false }]
  })
}

/** Number of layers, by the names of the nodes; 0 where they have none. */
export function layerCount(graph: Graph): number {
  const counts = graph.nodes.map(({ name }) => Number(/^layers\.(\d+)\./.exec(name)?.[1] ?? -1) + 1)
  return Math.max(0, ...counts)
}

/** Why a name of another program is not taken, in the layer that it speaks of; undefined for any other name. */
export function refusalOf(name: string): string | undefined {
  const layer = /\d+/.exec(name)?.[0] ?? ''
  const found = refused.find(([spelling]) => spelling.replace('#', layer) === name)
  return found?.[1].replaceAll('#', layer)
}

function namesOf(name: string, layers: number, node?: Node): Omit<Activation, 'overridable'> {
  const layer = /^layers\.(\d+)\./.exec(name)?.[1]
  const pattern = layer === undefined ? name : name.replace(layer, '#')
  const [, ...spellings] = table.find(([ours]) => ours === pattern) ?? [name, '', '', '']
  const [transformerLens, huggingFace, ggml] = spellings.map((row) =>
    row.split(' ').flatMap((spelling) => fill(spelling, Number(layer), layers)),
  )
  const biased = node?.op === 'linear' && node.bias !== null
  return { name, transformerLens, huggingFace, ggml: biased ? ggml.map(afterBias) : ggml }
}

/** A spelling of the table in one layer; none where it speaks of a layer beyond the last. */
function fill(spelling: string, layer: number, layers: number): string[] {
  if (spelling === '' || (spelling.includes('#+1') && layer + 1 === layers)) return []
  return [spelling.replace('#+1', `${layer + 1}`).replace('#', `${layer}`)]
}

/** llama.cpp calls gate and up so before a bias is added, and has a second name for after. */
function afterBias(name: string): string {
  return name.replace(/^ffn_(gate|up)-/, 'ffn_$1_b-')
}
