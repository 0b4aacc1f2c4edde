import fc from 'fast-check'
import { expect, test } from 'vitest'
import { choiceSeed, randomSeed } from './seeds.ts'

test('seeds of seed 0 are the known first numbers of SplitMix64', () => {
  // Java's SplittableRandom(0) and Vigna's splitmix64.c with x = 0 give these.
  const known = [0xe220a8397b1dcdafn, 0x6e789e6aa1b965f4n, 0x06c45d188009454fn]
  expect([1, 2, 3].map((choice) => choiceSeed(0, choice))).toEqual(known)
})

test('the first choice keeps the seed as it is', () => {
  expect([-1, 7, 2n ** 63n].map((seed) => choiceSeed(seed, 0))).toEqual([-1, 7, 2n ** 63n])
})

test('seeds of a request differ from each other and from those of its neighbours', () => {
  fc.assert(
    fc.property(fc.integer(), (seed) => {
      const all = [seed, seed + 1].flatMap((s) => Array.from({ length: 16 }, (_, i) => BigInt(choiceSeed(s, i))))
      expect(new Set(all).size).toBe(32)
    }),
    { seed: 1 },
  )
})

test('random seeds are 64 bits', () => {
  const seeds = Array.from({ length: 64 }, randomSeed)
  expect(new Set(seeds).size).toBe(64)
  expect(seeds.some((seed) => seed > 2n ** 53n)).toBe(true)
})
