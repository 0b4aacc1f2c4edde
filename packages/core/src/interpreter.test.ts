import { expect, test } from 'vitest'
import { encode } from './dtype.ts'
import type { Graph } from './graph.ts'
import { reference } from './reference/index.ts'
import type { Tensor } from './tensor.ts'

const weight = encode('F32', [3, 2], [1, 2, 3, 4, 5, 6])
const graph: Graph = {
  weights: { table: { dtype: 'F32', shape: [3, 2] } },
  nodes: [{ name: 'logits', op: 'gather', rows: 'tokens', table: 'table' }],
}
const load = (value: Tensor) =>
  reference().load(graph, { specs: new Map(Object.entries(graph.weights)), read: async () => value })

test('a weight as promised is loaded', async () => {
  expect((await load(weight)).usage().weights).toBe(24)
})

test.each([
  ['F64 [3, 2] of 6 elements', encode('F64', [3, 2], [1, 2, 3, 4, 5, 6])],
  ['F32 [2, 3] of 6 elements', { ...weight, shape: [2, 3] }],
  ['F32 [3, 2] of 4 elements', { ...weight, data: weight.data.slice(0, 4) }],
])('%s is not what the graph was promised', async (found, value) => {
  await expect(load(value)).rejects.toThrow(`weight "table": expected F32 [3, 2], found ${found}`)
})
