import { fileURLToPath } from 'node:url'
import { openRuntime } from '@tramontane/backend-tfjs'
import { byteLength, type BareModel } from '@tramontane/core'
import { load } from '@tramontane/core/disk'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { checkMemory } from './engine.ts'
import { addressable, fitsWasm, held } from './held-memory.ts'

let model: BareModel
beforeAll(async () => {
  model = await load(fileURLToPath(new URL('../../../models/smollm2-135m-instruct-fp8', import.meta.url)))
})
afterAll(() => model.close())

it('refuses a model that does not fit in memory, and one that fits without its conversation', () => {
  const weights = [...model.weights.specs.values()].reduce((sum, spec) => sum + byteLength(spec), 0)
  // 1,024 tokens of 30 layers with 3 key-value heads of 64, keys and values, 8 bytes each.
  const conversation = 1024 * 30 * 3 * 64 * 2 * 8
  const needed = weights + conversation + 200e6
  expect(() => checkMemory(model, 'reference', needed)).not.toThrow()
  expect(() => checkMemory(model, 'reference', needed - 1)).toThrow(
    'needs 457.5 MB of memory, 163.2 MB of them weights',
  )
})

it('asks for what each backend holds', () => {
  const needed = (backend: string): number => {
    let [low, high] = [0, 1e12]
    const fits = (free: number): boolean => {
      try {
        checkMemory(model, backend, free)
        return true
      } catch {
        return false
      }
    }
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2)
      if (fits(middle)) high = middle
      else low = middle
    }
    return high
  }
  // Matrices of 30 layers of 576 × (2 × 576 + 2 × 192 + 3 × 1536) and the table, of 49,152 rows, that is the output's too.
  const numbers = 30 * 576 * (2 * 576 + 2 * 192 + 3 * 1536) + 49152 * 576
  const table = 2 * 49152 * 576
  // Keys and values of 1,024 tokens.
  const cache = 1024 * 30 * 3 * 64 * 2
  expect(needed('tfjs-cpu')).toBe(table + 4 * numbers + 4 * cache + 200e6)
  expect(needed('tfjs-wasm')).toBe(table + 8 * numbers + 8 * cache + 200e6)
  // Of what is free a quarter is in float32, so that 2 bytes of each number and an eighth of it are held.
  expect(needed('tfjs-node')).toBe(Math.ceil((table + 2 * numbers + 4 * cache + 200e6) / 0.875))
  expect(needed('tfjs-node-gpu')).toBe(3 * table + 200e6)
  const codes = [...model.weights.specs.values()].reduce((sum, spec) => sum + byteLength(spec), 0)
  expect(needed('webgpu')).toBe(2 * table + 200e6)
  expect(needed('webgpu-software')).toBe(codes + 2 * table + 4 * cache + 200e6)
})

it('asks for codes of what WebAssembly has no room for', async () => {
  const weight = { dtype: 'F8_E4M3', shape: [2 ** 15, 2 ** 15] } as const
  const graph = { ...model.graph, nodes: [{ ...model.graph.nodes.find(({ op }) => op === 'linear')!, weight: 'w' }] }
  const large = { ...model, graph, weights: { ...model.weights, specs: new Map([['w', weight]]) } } as BareModel
  // Of 2³⁰ numbers 3 GiB hold three eighths.
  const { room } = await openRuntime('tfjs-wasm')
  expect(held(large, 'tfjs-wasm', 0).weights).toBe(room + (5 / 8) * 2 ** 30)
  expect([fitsWasm(model), fitsWasm(large)]).toEqual([true, false])
})

it('tfjs-node halves no weights of 32 bits, however little is free', () => {
  const linear = model.graph.nodes.find(({ op }) => op === 'linear')!
  const specs = new Map([['w', { dtype: 'F32', shape: [100, 10] } as const]])
  const graph = { ...model.graph, nodes: [{ ...linear, weight: 'w' }] }
  const small = { ...model, graph, weights: { ...model.weights, specs } } as BareModel
  expect(held(small, 'tfjs-node', 0).weights).toBe(4 * 1000)
})

it('says where there is room, if there is', () => {
  // Codes need 457.5 MB, WebAssembly 8 bytes a number.
  expect(() => checkMemory(model, 'tfjs-wasm', 458e6)).toThrow(
    /on tfjs-wasm, .* of them weights, but only 458\.0 MB are free; `--backend reference` needs 457\.5 MB$/,
  )
  expect(() => checkMemory(model, 'tfjs-wasm', 457e6)).toThrow(/only 457\.0 MB are free$/)
})

it('leaves WebAssembly what 4 GiB have left for keys and values', () => {
  const GiB = 2 ** 30
  expect(addressable('tfjs-wasm', GiB)).toBe(2.75 * GiB)
  // What is beyond 3 GiB stays outside.
  expect(addressable('tfjs-wasm', 8 * GiB)).toBe(0.75 * GiB)
  expect(addressable('tfjs-node', 8 * GiB)).toBe(Infinity)
})
