import fc from 'fast-check'
import { expect, it } from 'vitest'
import { axis } from './axis.ts'

it('steps by 1, 2 or 5', () => {
  expect(axis(7.9, 400).ticks).toEqual([0, 2, 4, 6, 8])
  expect(axis(0.55, 400).ticks).toEqual([0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6])
  expect(axis(1378, 400).ticks).toEqual([0, 500, 1000, 1500])
  expect(axis(0, 400).ticks.at(-1)).toBe(1)
})

it('reaches the largest value with at most six steps, and not much more', () => {
  fc.assert(
    fc.property(fc.double({ min: 1e-6, max: 1e9, noNaN: true }), (most) => {
      const { ticks, at } = axis(most, 400)
      const last = ticks.at(-1)!
      expect(last).toBeGreaterThanOrEqual(most * (1 - 1e-11))
      expect(ticks.length).toBeLessThanOrEqual(7)
      expect(last).toBeLessThan(2.1 * most)
      expect([at(0), at(last)]).toEqual([0, 400])
    }),
    { seed: 5 },
  )
})
