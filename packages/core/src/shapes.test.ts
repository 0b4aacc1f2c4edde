import { describe, expect, test } from 'vitest'
import { run } from './backend.ts'
import { readConfig } from './config.ts'
import { InputError } from './errors.ts'
import type { Graph, Node } from './graph.ts'
import { mistral } from './mistral.ts'
import { reference } from './reference/index.ts'
import { inferColumns } from './shapes.ts'
import { tensor, type Spec, type Tensor } from './tensor.ts'

const f32 = (...shape: number[]): Spec => ({ dtype: 'F32', shape })

const weights: Record<string, Spec> = {
  table: f32(10, 8),
  norm: f32(8),
  wide: f32(300, 8),
  kv: f32(4, 8),
  bias: f32(300),
  cube: f32(2, 2, 2),
  perRow: f32(300),
  blocks: f32(3, 1),
}
const embedding: Node = { name: 'x', op: 'gather', rows: 'tokens', table: 'table' }
const linear = { name: 'logits', op: 'linear', x: 'x', weight: 'wide', scale: null, bias: null } as const
const attention = {
  name: 'logits',
  op: 'attention',
  query: 'x',
  key: 'kv2',
  value: 'kv2',
  heads: 4,
  kvHeads: 2,
  window: null,
} as const
const rope = { name: 'logits', op: 'rope', x: 'x', heads: 2, frequencies: [1, 0.1] } as const
const silu = { name: 'logits', op: 'silu', x: 'x' } as const
const kv2: Node = { name: 'kv2', op: 'linear', x: 'x', weight: 'kv', scale: null, bias: null }

const infer = (...nodes: readonly object[]) => inferColumns({ weights, nodes: nodes as readonly Node[] })

describe('a graph is refused for', () => {
  test.each<[string, readonly object[], string]>([
    ['an unknown ref', [embedding, { ...silu, x: 'y' }], 'silu "logits": x "y" is not a node before this one'],
    ['a forward ref', [{ ...silu, x: 'x' }, embedding], 'silu "logits": x "x" is not a node before this one'],
    ['a ref to itself', [embedding, { ...silu, x: 'logits' }], 'x "logits" is not a node before this one'],
    ['an input as a value', [embedding, { ...silu, x: 'tokens' }], 'x "tokens" is not a node before this one'],
    ['a weight as a value', [embedding, { ...silu, x: 'norm' }], 'x "norm" is not a node before this one'],
    ['a value as a weight', [embedding, { ...linear, weight: 'x' }], 'weight "x" is not a weight of the graph'],
    ['a weight of Object', [embedding, { ...linear, weight: 'toString' }], 'weight "toString" is not a weight'],
    ['a duplicate name', [embedding, embedding], 'gather "x": the name is taken'],
    ['the name of a weight', [embedding, { ...silu, name: 'norm' }], 'silu "norm": the name is taken'],
    ['a reserved name', [embedding, { ...silu, name: 'rows' }], 'silu "rows": the name is reserved for an input'],
    ['rows that are no input', [{ ...embedding, rows: 'x' }], 'gather "x": rows "x" is not an input'],
    ['a table of one dimension', [{ ...embedding, table: 'norm' }], 'table is [8], expected two dimensions'],
    [
      'a norm of another width',
      [embedding, { name: 'n', op: 'rmsNorm', x: 'x', weight: 'kv', epsilon: 0 }],
      'weight is [4, 8], expected [8]',
    ],
    [
      'a negative epsilon',
      [embedding, { name: 'n', op: 'rmsNorm', x: 'x', weight: 'norm', epsilon: -1 }],
      'epsilon is -1',
    ],
    ['a weight of another width', [embedding, kv2, { ...linear, x: 'kv2' }], 'weight is [300, 8], expected [300, 4]'],
    [
      'a weight of three dimensions',
      [embedding, { ...linear, weight: 'cube' }],
      'weight is [2, 2, 2], expected [2, 8]',
    ],
    ['a bias of another length', [embedding, { ...linear, bias: 'norm' }], 'bias is [8], expected [300]'],
    [
      'a scale of another shape',
      [embedding, { ...linear, scale: 'norm' }],
      'scale is [8], expected [1] or [300] or [3, 1]',
    ],
    ['heads that do not fill', [embedding, { ...rope, heads: 3 }], 'x has 8 columns, but 3 heads rotate 12'],
    [
      'half a head',
      [embedding, { ...rope, heads: 0.5, frequencies: Array(8).fill(1) }],
      'heads is 0.5, expected an integer ≥ 1',
    ],
    ['frequencies missing', [embedding, { ...rope, frequencies: undefined }], 'frequencies are not finite numbers'],
    ['a frequency of NaN', [embedding, { ...rope, frequencies: [1, NaN] }], 'frequencies are not finite numbers'],
    [
      'heads that do not divide',
      [embedding, kv2, { ...attention, heads: 3 }],
      'query has 8 columns, not a multiple of 3 heads',
    ],
    ['heads below zero', [embedding, kv2, { ...attention, heads: -4 }], 'heads is -4, expected an integer ≥ 1'],
    [
      'heads that cannot share',
      [embedding, kv2, { ...attention, kvHeads: 3 }],
      '4 heads cannot share 3 key-value heads',
    ],
    ['no key-value heads', [embedding, kv2, { ...attention, kvHeads: 0 }], 'kvHeads is 0, expected an integer ≥ 1'],
    ['keys of another width', [embedding, kv2, { ...attention, kvHeads: 4 }], 'key is [4], expected [8]'],
    ['a window of 0', [embedding, kv2, { ...attention, window: 0 }], 'window is 0, expected ≥ 1'],
    ['half a window', [embedding, kv2, { ...attention, window: 2.5 }], 'window is 2.5, expected ≥ 1'],
    ['a sum of two widths', [embedding, kv2, { name: 's', op: 'add', a: 'x', b: 'kv2' }], 'b is [4], expected [8]'],
    ['an unknown op', [embedding, { name: 'logits', op: 'softmax', x: 'x' }], 'softmax "logits": the op is unknown'],
    ['no logits', [embedding], 'graph: no node is named "logits"'],
  ])('%s', (_, nodes, message) => {
    expect(() => infer(...nodes)).toThrow(InputError)
    expect(() => infer(...nodes)).toThrow(message)
  })

  test('a weight with the name of an input', () => {
    const graph: Graph = { weights: { ...weights, rows: f32(1) }, nodes: [embedding, silu] }
    expect(() => inferColumns(graph)).toThrow(
      new InputError('graph: a weight is named "rows", which is reserved for an input'),
    )
  })
})

describe('columns', () => {
  test.each([null, 'perRow', 'blocks'])('of a linear with scale %s', (scale) => {
    expect([...infer(embedding, { ...linear, scale, bias: 'bias' })]).toEqual([
      ['x', 8],
      ['logits', 300],
    ])
  })

  test('of attention and rope', () => {
    expect(infer(embedding, kv2, attention).get('logits')).toBe(8)
    expect(infer(embedding, rope).get('logits')).toBe(8)
  })
})

const text = JSON.stringify({
  model_type: 'llama',
  vocab_size: 11,
  hidden_size: 8,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  num_key_value_heads: 2,
  head_dim: 6,
  intermediate_size: 5,
  rope_scaling: { type: 'linear', factor: 3 },
})

/** Every weight that the graph asks for, of the shapes that it needs. */
function specs(): Map<string, Spec> {
  const layer = (l: number): [string, Spec][] => [
    [`layers.${l}.attention.norm.weight`, f32(8)],
    [`layers.${l}.query.weight`, f32(24, 8)],
    [`layers.${l}.key.weight`, f32(12, 8)],
    [`layers.${l}.value.weight`, f32(12, 8)],
    [`layers.${l}.output.weight`, f32(8, 24)],
    [`layers.${l}.mlp.norm.weight`, f32(8)],
    [`layers.${l}.gate.weight`, f32(5, 8)],
    [`layers.${l}.up.weight`, f32(5, 8)],
    [`layers.${l}.down.weight`, f32(8, 5)],
  ]
  const ends: [string, Spec][] = [
    ['embedding.weight', f32(11, 8)],
    ['norm.weight', f32(8)],
    ['logits.weight', f32(11, 8)],
  ]
  return new Map([...ends, ...layer(0), ...layer(1)])
}

test('a graph survives JSON', () => {
  const graph = mistral(readConfig(text), specs())
  const again = JSON.parse(JSON.stringify(graph)) as Graph
  expect(again).toEqual(graph)
  expect(inferColumns(again)).toEqual(inferColumns(graph))
  expect(inferColumns(again).get('logits')).toBe(11)
  expect(inferColumns(again).get('layers.1.hidden')).toBe(5)
})

test('a graph of one node runs', async () => {
  const table: Tensor = tensor('F32', [3, 2], Float32Array.of(1, 2, 3, 4, 5, 6))
  const graph: Graph = { weights: { table: f32(3, 2) }, nodes: [{ ...embedding, name: 'logits' }] as Node[] }
  const program = await reference().load(graph, {
    specs: new Map(Object.entries(graph.weights)),
    read: async () => table,
  })
  const pass = await run(program, [{ sequence: program.open(2), tokens: Int32Array.of(2, 0), logits: 'all' }])
  expect(pass.get('logits')).toEqual(tensor('F64', [2, 2], Float64Array.of(5, 6, 1, 2)))
})
