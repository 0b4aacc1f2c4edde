import fc from 'fast-check'
import { expect, it } from 'vitest'
import { fit, reserve } from './budget.ts'

it('cuts repetitions first, then tokens in steps, then everything', () => {
  const asked = { tokens: 128, repetitions: 3 }
  expect(fit(asked, 1, Infinity, 64)).toEqual(asked)
  expect(fit(asked, 1, 384, 64)).toEqual(asked)
  expect(fit(asked, 1, 383, 64)).toEqual({ tokens: 128, repetitions: 2 })
  expect(fit(asked, 1, 127, 64)).toEqual({ tokens: 64, repetitions: 1 })
  expect(fit(asked, 1, 63, 64)).toBe(null)
  expect(fit(asked, 1, 63, 1)).toEqual({ tokens: 63, repetitions: 1 })
  expect(fit(asked, 1, -5, 1)).toBe(null)
})

it('never takes more time than there is', () => {
  const whole = fc.integer({ min: 1, max: 5000 })
  fc.assert(
    fc.property(whole, fc.integer({ min: 1, max: 9 }), whole, whole, (tokens, repetitions, seconds, step) => {
      const found = fit({ tokens, repetitions }, 0.5, seconds, Math.min(step, tokens))
      if (found !== null) expect(found.tokens * found.repetitions * 0.5).toBeLessThanOrEqual(seconds)
    }),
    { seed: 6 },
  )
})

it('sets aside what the later cases take once, as far as they fit', () => {
  expect(reserve([10, 20, 30], 60)).toBe(50)
  expect(reserve([10, 20, 30], 59)).toBe(20)
  expect(reserve([10, 20, 3], 29)).toBe(0)
  expect(reserve([10], 5)).toBe(0)
  expect(reserve([10, 20], Infinity)).toBe(20)
})
