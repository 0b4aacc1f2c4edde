import type { Config } from './config.ts'
import type { Graph, Node, Operation, Ref } from './graph.ts'
import { frequencies } from './rope.ts'
import type { Spec } from './tensor.ts'

/**
 * The whole model on one screen: a Config and the weights at hand → Graph. Sizes: D width, H query heads, G key-value
 * heads, F hidden width, V vocabulary. A linear has a scale or a bias exactly when the weights do.
 */
export function mistral(config: Config, weights: ReadonlyMap<string, Spec>): Graph {
  const nodes: Node[] = []
  const add = (name: string, operation: Operation): Ref => (nodes.push({ name, ...operation }), name)
  const present = (name: string): Ref | null => (weights.has(name) ? name : null)
  const linear = (name: string, x: Ref, weight = `${name}.weight`): Ref =>
    add(name, { op: 'linear', x, weight, scale: present(`${name}.scale`), bias: present(`${name}.bias`) })
  const norm = (name: string, x: Ref): Ref =>
    add(name, { op: 'rmsNorm', x, weight: `${name}.weight`, epsilon: config.normEpsilon })
  const perPosition = frequencies(config.headDim, config.ropeTheta, config.ropeScaling)
  const rope = (name: string, x: Ref, heads: number): Ref =>
    add(name, { op: 'rope', x, heads, frequencies: perPosition })

  let x = add('embedding', { op: 'gather', rows: 'tokens', table: 'embedding.weight' }) // [T, D]
  for (let layer = 0; layer < config.layers; layer++) {
    const at = (part: string): string => `layers.${layer}.${part}`
    const { heads, kvHeads, window } = config
    const a = norm(at('attention.norm'), x)
    const query = rope(at('query.rope'), linear(at('query'), a), heads) // [T, H·d]
    const key = rope(at('key.rope'), linear(at('key'), a), kvHeads) // [T, G·d]
    const value = linear(at('value'), a) // [T, G·d]
    const mixed = add(at('attention'), { op: 'attention', query, key, value, heads, kvHeads, window })
    x = add(at('attention.residual'), { op: 'add', a: x, b: linear(at('output'), mixed) })
    const m = norm(at('mlp.norm'), x)
    const gate = add(at('gate.silu'), { op: 'silu', x: linear(at('gate'), m) }) // [T, F]
    const hidden = add(at('hidden'), { op: 'mul', a: gate, b: linear(at('up'), m) })
    x = add(at('mlp.residual'), { op: 'add', a: x, b: linear(at('down'), hidden) })
  }
  const selected = add('selected', { op: 'gather', rows: 'rows', table: x }) // [R, D]
  const shared = config.tied && !weights.has('logits.weight')
  linear('logits', norm('norm', selected), shared ? 'embedding.weight' : 'logits.weight') // [R, V]
  return { weights: Object.fromEntries(weights), nodes }
}
