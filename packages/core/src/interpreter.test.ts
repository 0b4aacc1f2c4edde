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
  // Takes back the token that was refused, but not the one that the cache still has in the place of another.
  sequence.truncate(2)
  expect(() => feed(sequence)).toThrow()
  sequence.truncate(1)
  await feed(sequence)
})

test('scales are loaded before their weights, and progress reaches the whole', async () => {
  const names: string[] = []
  const weights = {
    w: { dtype: 'F32', shape: [1, 1] },
    s: { dtype: 'F32', shape: [1] },
  } as const
  const nodes: Graph['nodes'] = [
    { name: 'x', op: 'gather', rows: 'tokens', table: 'w' },
    { name: 'logits', op: 'linear', x: 'x', weight: 'w', scale: 's', bias: null },
  ]
  const table = { name: 'of names', batchInvariant: true, cacheElement: 8, freeWeight() {} }
  const weight = (value: Tensor, name: string) => (names.push(name), value)
  const source = {
    specs: new Map(Object.entries(weights)),
    read: async (name: string) => encode('F32', [...weights[name as 'w'].shape], [1]),
  }
  const progress: number[][] = []
  const report = (...counts: number[]) => void progress.push(counts)
  const program = await interpreter({ ...table, weight } as never).load({ nodes, weights }, source, {
    progress: report,
  })
  await program.dispose()
  expect(names).toEqual(['s', 'w'])
  expect(progress).toEqual([
    [4, 8],
    [8, 8],
  ])
})

test('a value that cannot be downloaded, to be overridden, is freed all the same', async () => {
  const failure = new Error('the device is gone')
  let live = 0
  const ops = {
    weight: (value: Tensor) => value,
    lookup: (rows: Int32Array) => (live++, rows),
    free: () => void live--,
    download: () => Promise.reject(failure),
  }
  const cache = { keep() {}, close() {}, fork: () => cache }
  const table = { name: 'one value', batchInvariant: true, cacheElement: 8, cache: () => cache, cacheBytes: () => 0 }
  const source = { specs: new Map(Object.entries(graph.weights)), read: async () => weight }
  const program = await interpreter({ ...table, ...ops } as never).load(graph, source)
  const feed = { sequence: program.open(8), tokens: Int32Array.of(1), logits: 'last' } as const
  const overrides = [{ node: graph.nodes[0].name, value: encode('F32', [1, 2], [0, 0]) }]
  await expect(program.submit([feed], { overrides }).done).rejects.toBe(failure)
  expect(live).toBe(0)
})
