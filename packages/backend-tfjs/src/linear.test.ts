import { decode, encode, type Graph, type Tensor } from '@tramontane/core'
import { goldenPath, openModel } from '@tramontane/conformance'
import { beforeAll, describe, expect, it } from 'vitest'
import type { TensorInfo } from './core-runtime.ts'
import { free, linear, place } from './linear.ts'
import { onRuntime } from './on-runtime.ts'
import { realRuntimes } from './real-runtimes.fixture.ts'
import { rolesOf } from './roles.ts'
import type { Runtime } from './runtime.ts'

let wasm: Runtime<TensorInfo>
beforeAll(async () => {
  wasm = (await realRuntimes()).wasm
})

describe('a weight too large for one piece', () => {
  it('gives streamed what it gives resident', async () => {
    // More than 2²² weights, so that it comes in several pieces, the last of them shorter.
    const [T, N, K] = [3, 5000, 1024]
    const number = (i: number): number => ((i * 7919) % 1013) / 1013 - 0.5
    const numbers = (count: number): number[] => Array.from({ length: count }, (_, i) => number(i))
    const codes: Tensor = encode('BF16', [N, K], numbers(N * K))
    const before = wasm.live()
    const x = wasm.upload(Float32Array.from(numbers(T * K)), [T, K])
    const results: Float32Array[] = []
    for (const resident of [true, false]) {
      const weight = place(wasm, codes, { byBlock: false, resident })
      const y = linear(wasm, x, weight, null, null)
      results.push(await wasm.download(y))
      wasm.free(y)
      for (const piece of weight.pieces) if ('tensor' in piece) wasm.free(piece.tensor)
    }
    wasm.free(x)
    expect(results[1]).toEqual(results[0])
    expect(wasm.live()).toBe(before)
  })
})

it('codes that are a table and a matrix without room on the device count once', async () => {
  const shape = [6, 4]
  const codes = encode('BF16', shape, new Float64Array(24))
  const graph: Graph = {
    weights: { w: { dtype: 'BF16', shape } },
    nodes: [
      { name: 'x', op: 'gather', rows: 'tokens', table: 'w' },
      { name: 'logits', op: 'linear', x: 'x', weight: 'w', scale: null, bias: null },
    ],
  }
  const source = { specs: new Map(Object.entries(graph.weights)), read: async () => codes }
  for (const [room, bytes] of [
    [0, 2 * 24],
    [Infinity, (2 + wasm.operandBytes) * 24],
  ]) {
    const program = await onRuntime({ ...wasm, room }).load(graph, source)
    expect(program.usage().weights).toBe(bytes)
    await program.dispose()
  }
})

describe('a scale', () => {
  const codes = encode('F8_E4M3', [3, 2], [1, -2, 0.5, 448, -0.015625, 3])
  const scale = Float32Array.of(0.5, 3, 0.1)

  it.each([
    ['of the tensor', scale.slice(0, 1)],
    ['of each row', scale],
  ])('%s is in the weight where there is room, and on the output where it streams', async (_, some) => {
    const x = wasm.upload(Float32Array.of(1, 0, 0, 1), [2, 2])
    const onOutput = [wasm.upload(some, [some.length])]
    const values = decode(codes)
    const factor = (n: number): number => some[some.length === 1 ? 0 : n]
    const expected = [0, 1].flatMap((k) => [0, 1, 2].map((n) => Math.fround(values[2 * n + k] * factor(n))))
    for (const resident of [true, false]) {
      const weight = place(wasm, codes, { byBlock: false, resident }, some)
      expect(weight.pieces.map((piece) => 'scaled' in piece && piece.scaled)).toEqual([resident])
      const y = linear(wasm, x, weight, onOutput, null)
      expect([...(await wasm.download(y))]).toEqual(expected)
      wasm.free(y)
      free(wasm, weight)
    }
    for (const t of [x, ...onOutput]) wasm.free(t)
  })

  it('is there when its weight is loaded', async () => {
    const scaled: boolean[] = []
    const watched = {
      ...wasm,
      matrix(codes: Tensor, given?: Float32Array) {
        scaled.push(given !== undefined)
        return wasm.matrix(codes, given)
      },
    }
    const { graph, weights, close } = await openModel(goldenPath('tiny/fp8'))
    const program = await onRuntime(watched).load(graph, weights)
    const linears = graph.nodes.filter((node) => node.op === 'linear')
    expect(scaled.filter(Boolean).length).toBe(linears.filter(({ scale }) => scale !== null).length)
    expect(scaled).toContain(true)
    await program.dispose()
    await close()
  })

  it('goes into no weight that another linear has with another scale, or none', () => {
    const linear = (name: string, scale: string | null) =>
      ({ name, op: 'linear', x: 'x', weight: 'w', scale, bias: null }) as const
    const weights = {
      w: { dtype: 'F8_E4M3', shape: [4, 4] },
      s: { dtype: 'F32', shape: [4] },
      t: { dtype: 'F32', shape: [1] },
    }
    const scaleOf = (...nodes: ReturnType<typeof linear>[]) =>
      rolesOf({ nodes, weights } as Graph, Infinity, 4).get('w')!.scale
    expect(scaleOf(linear('a', 's'), linear('b', 's'))).toBe('s')
    expect(scaleOf(linear('a', 's'), linear('b', 't'))).toBe(null)
    expect(scaleOf(linear('a', 's'), linear('b', null))).toBe(null)
    expect(scaleOf(linear('a', null), linear('b', 's'))).toBe(null)
    expect(scaleOf(linear('a', 's'), linear('b', 't'), linear('c', 's'))).toBe(null)
  })
})

describe('what is resident', () => {
  async function graphOf(name: string): Promise<Graph> {
    const { graph, close } = await openModel(goldenPath(name))
    await close()
    return graph
  }

  it('is all where there is room for all, and as much as fits else', async () => {
    const graph = await graphOf('tiny/full')
    const matrices = (room: number): number =>
      [...rolesOf(graph, room, 8).values()].filter(({ matrix, resident }) => matrix && resident).length
    const all = [...rolesOf(graph, Infinity, 8).values()].filter(({ matrix }) => matrix).length
    expect(matrices(Infinity)).toBe(all)
    expect(matrices(0)).toBe(0)
    const [name] = [...rolesOf(graph, Infinity, 8)].find(([, { matrix }]) => matrix)!
    const first = 8 * graph.weights[name].shape.reduce((a, b) => a * b, 1)
    expect(rolesOf(graph, first, 8).get(name)!.resident).toBe(true)
    expect(rolesOf(graph, first - 1, 8).get(name)!.resident).toBe(false)
    expect(matrices(first)).toBeGreaterThanOrEqual(1)
    expect(matrices(first)).toBeLessThan(all)
  })

  it('a weight that is a table and a matrix is both, and scales know whose they are', async () => {
    const graph = await graphOf('tiny/fp8-block')
    const roles = rolesOf(graph, Infinity, 8)
    for (const node of graph.nodes) {
      if (node.op !== 'linear' || node.scale === null) continue
      expect(roles.get(node.weight)).toMatchObject({ matrix: true, byBlock: true })
      expect(roles.get(node.scale)).toMatchObject({ matrix: false, scaleOf: graph.weights[node.weight].shape[0] })
    }
    const table = graph.nodes.find((node) => node.op === 'gather' && node.rows === 'tokens')!
    expect(table.op === 'gather' && roles.get(table.table)).toMatchObject({ table: true })
  })
})
