import { afterEach, beforeEach, expect, test } from 'vitest'
import type { Port } from './channel.ts'
import { encode } from './dtype.ts'
import type { Graph } from './graph.ts'
import { run, type Backend } from './backend.ts'
import { UnsupportedError } from './errors.ts'
import { interpreter } from './interpreter.ts'
import { reference } from './reference/index.ts'
import { remote, serve } from './remote.ts'
import { tensor, type Tensor } from './tensor.ts'

let backend: Awaited<ReturnType<typeof remote>>
beforeEach(async () => {
  const { port1, port2 } = new MessageChannel()
  serve(port2 as unknown as Port, reference())
  backend = await remote(port1 as unknown as Port)
})
afterEach(() => backend.close())

/** A table whose rows are the logits: [3, 2]. */
const shape = [3, 2]
const graph: Graph = {
  weights: { table: { dtype: 'F32', shape } },
  nodes: [{ name: 'logits', op: 'gather', rows: 'tokens', table: 'table' }],
}

async function lastRow(table: Tensor): Promise<number[]> {
  const { dtype } = table
  const program = await backend.load(graph, { specs: new Map([['table', { dtype, shape }]]), read: async () => table })
  const sequence = program.open(1)
  const values = await run(program, [{ sequence, tokens: Int32Array.of(2), logits: 'last' }])
  await program.dispose()
  return [...(values.get('logits')!.data as Float64Array)]
}

test('a weight crosses without a copy: its memory is gone here', async () => {
  const table = encode('F32', shape, [1, 2, 3, 4, 5, 6])
  expect(await lastRow(table)).toEqual([5, 6])
  expect(table.data.length).toBe(0)
})

test('a view of a larger buffer leaves that buffer alone', async () => {
  const file = Float32Array.of(0, 1, 2, 3, 4, 5, 6)
  const table = tensor('F32', shape, file.subarray(1))
  expect(await lastRow(table)).toEqual([5, 6])
  expect([...file]).toEqual([0, 1, 2, 3, 4, 5, 6])
})

test('a source that gives away the same memory twice is told so', async () => {
  const table = encode('F32', shape, [1, 2, 3, 4, 5, 6])
  await lastRow(table)
  await expect(lastRow(table)).rejects.toThrow('weight "table": expected 6 elements, found none; was it given away')
})

test('a backend that is given up fails what waits, and every later pass, at once', async () => {
  const table = encode('F32', shape, [1, 2, 3, 4, 5, 6])
  const specs = new Map([['table', { dtype: 'F32' as const, shape }]])
  const program = await backend.load(graph, { specs, read: async () => table })
  const sequence = program.open(2)
  const feed = (token: number) => run(program, [{ sequence, tokens: Int32Array.of(token), logits: 'last' }])
  const waiting = feed(2)
  backend.close(new Error('the thread ran out of memory'))
  await expect(waiting).rejects.toThrow('the thread ran out of memory')
  sequence.truncate(0)
  await expect(feed(1)).rejects.toThrow('the thread ran out of memory')
  await expect(backend.load(graph, { specs, read: async () => table })).rejects.toThrow('out of memory')
})

/** A graph on a table that only remembers lengths, behind a port; while `failure.on`, truncations fail. */
async function oneValue() {
  const failure = { on: false }
  const cache = {
    keep() {
      if (failure.on) throw new Error('out of memory')
    },
    close() {},
    fork: () => cache,
  }
  const table = { name: 'one value', batchInvariant: true, cacheElement: 8, cache: () => cache, cacheBytes: () => 0 }
  const ops = { weight: (value: Tensor) => value, lookup: (rows: Int32Array) => rows, free() {}, weightBytes: () => 0 }
  const download = (rows: Int32Array) => encode('F64', [rows.length, 1], [...rows])
  const program = await overPort(interpreter({ ...table, ...ops, download } as never))
  return { program, failure }
}

async function overPort(served: Backend) {
  const { port1, port2 } = new MessageChannel()
  serve(port2 as unknown as Port, served)
  backend.close()
  backend = await remote(port1 as unknown as Port)
  const specs = new Map([['table', { dtype: 'F32' as const, shape }]])
  return backend.load(graph, { specs, read: async () => encode('F32', shape, [1, 2, 3, 4, 5, 6]) })
}

test('a truncation that failed over there is made up for by another one to the same length', async () => {
  const { program, failure } = await oneValue()
  const sequence = program.open(8)
  const feed = () => run(program, [{ sequence, tokens: Int32Array.of(1, 2), logits: 'last' }])
  await feed()
  failure.on = true
  sequence.truncate(1)
  await expect(feed()).rejects.toThrow('out of memory')
  failure.on = false
  sequence.truncate(1)
  await feed()
  expect(sequence.length).toBe(3)
})

test('an error that says something is not supported still says so here', async () => {
  const load = () => Promise.reject(new UnsupportedError('no such op'))
  await expect(overPort({ name: 'none', batchInvariant: true, load })).rejects.toBeInstanceOf(UnsupportedError)
})

test('what is lost over there fails what waits, though nothing over there ever ends', async () => {
  let lose!: (reason: Error) => void
  const lost = new Promise<Error>((resolve) => (lose = resolve))
  const { name, batchInvariant, load } = reference()
  const hang: Backend = {
    name,
    batchInvariant,
    lost,
    async load(graph, weights) {
      const program = await load(graph, weights)
      const forever = new Promise<never>(() => {})
      return Object.assign(program, { submit: () => ({ drawn: [], read: () => forever, done: forever }) })
    },
  }
  const program = await overPort(hang)
  const feed = () => run(program, [{ sequence: program.open(2), tokens: Int32Array.of(1), logits: 'last' }])
  const waiting = feed()
  lose(new Error('the device is lost'))
  await expect(waiting).rejects.toThrow('the device is lost')
  expect((await backend.lost).message).toBe('the device is lost')
  await expect(feed()).rejects.toThrow('the device is lost')
})
