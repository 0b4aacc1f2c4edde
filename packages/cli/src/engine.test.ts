import { fileURLToPath } from 'node:url'
import { byteLength, type BareModel } from '@tramontane/core'
import { load } from '@tramontane/core/disk'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { checkMemory } from './engine.ts'
import { chosen } from './worker-backend.ts'

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

it('asks for what each backend holds of a weight', async () => {
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
      const middle = (low + high) / 2
      if (fits(middle)) high = middle
      else low = middle
    }
    return high
  }
  const elements = [...model.weights.specs.values()].reduce(
    (sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1),
    0,
  )
  expect(needed('tfjs-wasm') - needed('tfjs-node')).toBeCloseTo(6 * elements, -1)
  expect(needed('tfjs-cpu') - needed('tfjs-node')).toBeCloseTo(2 * elements, -1)
  expect(needed('tfjs-wasm')).toBeGreaterThan(needed('reference'))
})

it('takes the fastest backend that is there, and says why', async () => {
  expect(await chosen('reference')).toEqual({ name: 'reference', why: null })
  const { name, why } = await chosen('auto')
  expect(name).toMatch(/^tfjs-/)
  expect(why).toMatch(/TensorFlow|tfjs/)
})
