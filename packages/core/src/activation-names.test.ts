import { describe, expect, it } from 'vitest'
import { ActivationLookup } from './activation-lookup.ts'
import { activations } from './activation-names.ts'
import type { Graph } from './graph.ts'
import { mistral } from './mistral.ts'
import type { Config } from './config.ts'
import type { Spec } from './tensor.ts'

const config = { layers: 12, heads: 2, kvHeads: 1, headDim: 4, ropeTheta: 1e4, ropeScaling: { type: 'default' } }
const specs = (...names: string[]) => new Map(names.map((name): [string, Spec] => [name, { dtype: 'F32', shape: [8] }]))
const graph = mistral(config as Config, specs())
const lookup = new ActivationLookup(graph)
const names = new Map(activations(graph).map((activation) => [activation.name, activation]))

describe('activations', () => {
  it('are the nodes in order, each attention followed by its pattern', () => {
    const inside = [...names.keys()].filter((name) => !graph.nodes.some((node) => node.name === name))
    expect(names.size).toBe(graph.nodes.length + 12)
    expect(inside).toEqual(Array.from({ length: 12 }, (_, layer) => `layers.${layer}.attention.pattern`))
    expect([...names.values()].filter(({ overridable }) => !overridable).map(({ name }) => name)).toEqual(inside)
  })

  it('have one owner for each name', () => {
    const all = [...names.values()].flatMap(({ name, transformerLens, huggingFace, ggml }) =>
      [name].concat(transformerLens, huggingFace, ggml),
    )
    expect(new Set(all).size).toBe(all.length)
  })

  it('join one layer to the next in the residual', () => {
    const hooks = (name: string) => names.get(name)!.transformerLens
    expect(hooks('embedding')).toEqual(['hook_embed', 'blocks.0.hook_resid_pre'])
    expect(hooks('layers.9.mlp.residual')).toEqual(['blocks.9.hook_resid_post', 'blocks.10.hook_resid_pre'])
    expect(hooks('layers.11.mlp.residual')).toEqual(['blocks.11.hook_resid_post'])
  })

  it("are llama.cpp's after the bias, where gate and up have one", () => {
    const biased = mistral(config as Config, specs('layers.3.gate.bias', 'layers.3.up.bias', 'layers.3.down.bias'))
    const ggml = (name: string) => activations(biased).find((activation) => activation.name === name)!.ggml
    expect(ggml('layers.2.gate')).toEqual(['ffn_gate-2'])
    expect(ggml('layers.3.gate')).toEqual(['ffn_gate_b-3'])
    expect(ggml('layers.3.up')).toEqual(['ffn_up_b-3'])
    expect(ggml('layers.3.down')).toEqual(['ffn_out-3'])
  })

  it('of a graph of other names have only these', () => {
    const other: Graph = {
      weights: { w: { dtype: 'F32', shape: [9, 4] } },
      nodes: [
        { name: 'lm_head', op: 'gather', rows: 'tokens', table: 'w' },
        { name: 'logits', op: 'silu', x: 'lm_head' },
      ],
    }
    expect(activations(other)[0]).toMatchObject({ name: 'lm_head', transformerLens: [], huggingFace: [], ggml: [] })
    expect(new ActivationLookup(other).find('lm_head', 'output').name).toBe('lm_head')
    expect(() => new ActivationLookup(other).find('layers.0.query', 'output')).toThrow('is not an activation')
  })
})

describe('a name that is none', () => {
  it.each([
    ['layers.3.atention', 'is not an activation of the model; did you mean "layers.3.attention"?'],
    ['blocks.7.hook_resid_prev', 'is not an activation of the model; did you mean "blocks.7.hook_resid_pre"?'],
    ['Logits', 'is not an activation of the model; did you mean "logits"?'],
    ['', 'is not an activation of the model; `activations` lists them all'],
    ['something else altogether', 'is not an activation of the model; `activations` lists them all'],
    ['layers.12.attention', 'is beyond the model: it has 12 layers, from 0 to 11'],
    ['blocks.12.hook_resid_pre', 'is beyond the model: it has 12 layers, from 0 to 11'],
    ['ffn_out-400', 'is beyond the model: it has 12 layers, from 0 to 11'],
    ['blocks.2.attn.hook_attn_scores', 'cannot be had: scores before the softmax are not kept'],
    ['blocks.2.attn.hook_result', 'side by side in "layers.2.attention"'],
    ['blocks.10.ln2.hook_normalized', 'before the weight of the norm; after it, the value is "layers.10.mlp.norm"'],
    ['ln_final.hook_normalized', 'before the weight of the norm; after it, the value is "norm"'],
    ['norm-1', 'two values have that name'],
    ['blocks.1.ln1.hook_scale', 'the root mean square is not a value of the graph'],
    ['blocks.1.hook_q_input', 'only one branch reads that copy; what all read is "blocks.1.hook_resid_pre"'],
    ['blocks.1.hook_mlp_in', 'only one branch reads that copy; what all read is "layers.1.attention.residual"'],
    ['model.rotary_emb', 'the host computes angles'],
  ])('%s', (name, reason) => {
    expect(() => lookup.find(name, 'output')).toThrow(`output "${name}" `)
    expect(() => lookup.find(name, 'output')).toThrow(reason)
  })

  it('of any length is not compared with every one', () => {
    const started = performance.now()
    expect(() => lookup.find('blocks.0.attn.hook_q'.repeat(1e5), 'output')).toThrow('is not an activation of the model')
    expect(performance.now() - started).toBeLessThan(2000)
  })
})

describe('a name with stars', () => {
  it.each([
    ['layers.*.attention', 12],
    ['layers.*.*.rope', 24],
    ['layers.1*.query', 2],
    ['model.layers.*', 12],
    ['kqv_out-*', 12],
    ['blocks.*.hook_resid_*', 36],
  ])('%s fits %i', (pattern, count) => {
    expect(lookup.match(pattern)).toHaveLength(count)
  })

  it.each([
    ['layers.*.atention', 'fits no activation: "layers.0.atention" is not an activation of the model; did you mean'],
    ['layers.*', 'fits no activation: "layers.0" is not an activation'],
    ['blocks.*.ln1.hook_normalized', 'cannot be had: it is taken before the weight of the norm'],
  ])('%s fits nothing and is refused', (pattern, reason) => {
    expect(() => lookup.match(pattern)).toThrow(`"${pattern}" `)
    expect(() => lookup.match(pattern)).toThrow(reason)
  })
})
