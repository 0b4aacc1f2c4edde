import fc from 'fast-check'
import { expect, test } from 'vitest'
import { idsBelow } from './id-pattern.ts'

test('exactly the numbers below the limit match, for limits of every length and digit', () => {
  for (const limit of [1, 2, 9, 10, 11, 19, 20, 99, 100, 101, 109, 110, 256, 999, 1000, 1001, 1090, 2000]) {
    const pattern = idsBelow(limit)
    const matching = Array.from({ length: 2500 }, (_, id) => id).filter((id) => pattern.test(String(id)))
    expect(matching.length, String(limit)).toBe(limit)
    expect(matching.at(-1)).toBe(limit - 1)
  }
})

test('and around the limits of real vocabularies', () => {
  const id = fc.integer({ min: 0, max: 300_000 })
  fc.assert(
    fc.property(fc.constantFrom(32_000, 32_768, 49_152, 131_072), id, (limit, id) => {
      expect(idsBelow(limit).test(String(id))).toBe(id < limit)
    }),
    { seed: 1 },
  )
  for (const limit of [32_000, 32_768, 49_152, 131_072]) {
    expect([-1, 0, 1].map((by) => idsBelow(limit).test(String(limit + by)))).toEqual([true, false, false])
  }
})

test('what only looks like a number does not match', () => {
  for (const key of ['', '-1', '+1', '01', '00', '1.0', '1e1', ' 1', '1 ', '1\n', '0x1', '１', 'a', '__proto__']) {
    expect(idsBelow(1000).test(key), key).toBe(false)
  }
})
