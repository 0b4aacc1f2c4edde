import { expect, it } from 'vitest'
import { checkMemory } from './engine.ts'

it('refuses weights that do not fit before anything is read', () => {
  const specs = new Map([['embedding.weight', { dtype: 'BF16' as const, shape: [32_000, 4096] }]])
  const weights = { specs, read: () => Promise.reject(new Error('nothing may be read')) }
  expect(() => checkMemory({ name: 'big', weights }, 262_143_999)).toThrow('big: the weights need 0.3 GB')
  expect(() => checkMemory({ name: 'big', weights }, 262_144_000)).not.toThrow()
})
