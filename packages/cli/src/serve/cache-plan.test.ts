import { expect, test } from 'vitest'
import { cachePlan, type CacheNeeds } from './cache-plan.ts'

const needs: CacheNeeds = {
  modelContext: 8192,
  asked: undefined,
  window: null,
  slots: 4,
  position: 1000,
  budget: undefined,
  free: 1e12,
  addressable: Infinity,
}
const plan = (changes: Partial<CacheNeeds>) => cachePlan({ ...needs, ...changes })

test('with room enough: the whole context, and as much memory as all slots can use', () => {
  expect(plan({})).toEqual({ context: 8192, cacheBudget: 4 * 8192 * 1000 })
  expect(plan({ asked: 100 })).toEqual({ context: 100, cacheBudget: 400_000 })
})

test('with less: what is free, less 200 MB for all else, and no longer context than one sequence may have', () => {
  expect(plan({ free: 220e6 })).toEqual({ context: 8192, cacheBudget: 20e6 })
  expect(plan({ free: 205e6 })).toEqual({ context: 5000, cacheBudget: 5e6 })
  expect(plan({ budget: 3e6 })).toEqual({ context: 3000, cacheBudget: 3e6 })
})

test('with less to address: as if no more were free, whatever was asked for', () => {
  expect(plan({ addressable: 220e6 })).toEqual({ context: 8192, cacheBudget: 20e6 })
  expect(plan({ addressable: 205e6, budget: 1e9 })).toEqual({ context: 5000, cacheBudget: 5e6 })
  expect(plan({ addressable: 1e9, budget: 3e6 }).cacheBudget).toBe(3e6)
  expect(() => plan({ addressable: 203e6, asked: 4000 })).toThrow('only 3.0 MB are left to address in WebAssembly')
})

test('a window bounds what a sequence holds: 128 tokens more than it sees', () => {
  expect(plan({ window: 872, budget: 1e6 })).toEqual({ context: 8192, cacheBudget: 1e6 })
  expect(plan({ window: 872 })).toEqual({ context: 8192, cacheBudget: 4e6 })
})

test('what does not fit is refused, with what would', () => {
  expect(() => plan({ asked: 8193 })).toThrow('--context 8193: the model was made for at most 8192 tokens')
  expect(() => plan({ asked: 4000, budget: 3e6 })).toThrow(
    'a context of 4000 tokens needs 4.0 MB for keys and values, but only 3.0 MB --cache-memory allows',
  )
  expect(() => plan({ free: 200e6 })).toThrow(
    'a context of 64 tokens needs 64.0 KB for keys and values, but only 0 bytes of memory are free',
  )
})
