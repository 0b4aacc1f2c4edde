import { fileURLToPath } from 'node:url'
import { byteLength } from '@tramontane/core'
import { load } from '@tramontane/core/disk'
import { expect, it } from 'vitest'
import { checkMemory } from './engine.ts'

it('refuses a model that does not fit in memory, and one that fits without its conversation', async () => {
  const model = await load(fileURLToPath(new URL('../../../models/smollm2-135m-instruct-fp8', import.meta.url)))
  const weights = [...model.weights.specs.values()].reduce((sum, spec) => sum + byteLength(spec), 0)
  // 1,024 tokens of 30 layers with 3 key-value heads of 64, keys and values, 8 bytes each.
  const conversation = 1024 * 30 * 3 * 64 * 2 * 8
  const needed = weights + conversation + 200e6
  expect(() => checkMemory(model, needed)).not.toThrow()
  expect(() => checkMemory(model, needed - 1)).toThrow('needs 457.5 MB of memory, 163.2 MB of them weights')
  await model.close()
})
