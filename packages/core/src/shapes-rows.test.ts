import { expect, it } from 'vitest'
import type { Graph, Node } from './graph.ts'
import { inferColumns } from './shapes.ts'

const embedding: Node = { name: 'x', op: 'gather', rows: 'tokens', table: 'w' }
const selected: Node = { name: 's', op: 'gather', rows: 'rows', table: 'x' }
const logits: Node = { name: 'logits', op: 'silu', x: 's' }
const rope: Node = { name: 'r', op: 'rope', x: 's', heads: 1, frequencies: [1, 1] }
const graph = (...nodes: Node[]): Graph => ({ weights: { w: { dtype: 'F32', shape: [9, 4] } }, nodes })

it.each([
  [graph({ ...selected, table: 'w' }, logits), 'gather "s": rows select from a node, not from "w"'],
  [
    graph(embedding, { ...embedding, name: 'y', table: 'x' }),
    'gather "y": token ids select from a weight, not from "x"',
  ],
  [graph(embedding, selected, { ...selected, name: 't', table: 's' }), 'gather "t": "s" has the wanted rows already'],
  [
    graph(embedding, selected, { name: 'logits', op: 'add', a: 'x', b: 's' }),
    'add "logits": "s" has the wanted rows only',
  ],
  [graph(embedding, selected, rope, logits), 'rope "r": "s" has the wanted rows only, expected all tokens'],
])('rows of tokens and rows of logits do not mix: %#', (bad, message) => {
  expect(() => inferColumns(bad)).toThrow(message)
})

it('takes the two kinds one after the other', () => {
  expect([...inferColumns(graph(embedding, selected, logits)).values()]).toEqual([4, 4, 4])
})
