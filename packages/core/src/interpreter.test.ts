import { expect, test } from 'vitest'
import { encode } from './dtype.ts'
import type { Graph } from './graph.ts'
import { interpreter } from './interpreter.ts'
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

test('a truncation that fails is not forgotten: nothing is fed until another one succeeds', async () => {
  const failure = new Error('out of memory')
  let broken = false
  const cache = {
    keep() {
      if (broken) throw failure
    },
    close() {},
    fork: () => cache,
  }
  const table = { name: 'one value', batchInvariant: true, cacheElement: 8, cache: () => cache, cacheBytes: () => 0 }
  const ops = { weight: (value: Tensor) => value, lookup: (rows: Int32Array) => rows, free() {} }
  const download = (rows: Int32Array) => encode('F64', [rows.length, 1], [...rows])
  const backend = interpreter({ ...table, ...ops, download } as never)
  const source = { specs: new Map(Object.entries(graph.weights)), read: async () => weight }
  const program = await backend.load(graph, source)
  const [sequence, other] = [program.open(8), program.open(8)]
  const feed = (fed: typeof sequence) =>
    program.submit([{ sequence: fed, tokens: Int32Array.of(1), logits: 'last' }]).done
  await feed(sequence)
  await feed(sequence)
  broken = true
  sequence.truncate(1)
  await expect(feed(sequence)).rejects.toBe(failure)
  broken = false
  await feed(other)
  expect(() => feed(sequence)).toThrow()
  sequence.truncate(1)
  await feed(sequence)
})
