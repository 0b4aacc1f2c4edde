import fc from 'fast-check'
import { expect, it } from 'vitest'
import { ranked } from './ranking.ts'

/** Scores as they come: equal, signed zeros, subnormal, far out, infinite. */
const score = fc.oneof(
  { weight: 3, arbitrary: fc.double({ noNaN: true, min: -20, max: 20 }) },
  { weight: 2, arbitrary: fc.integer({ min: -2, max: 2 }) },
  fc.double({ noNaN: true }),
  fc.constantFrom(-0, 5e-324, -5e-324, 1e308, -1e308, 100.00000000000001, Infinity),
)

it('is what sorting by comparison gives', () => {
  fc.assert(
    fc.property(fc.array(score, { maxLength: 200, size: 'max' }), fc.nat(220), (list, count) => {
      const scores = Float64Array.from(list)
      const tokens = Uint32Array.from(scores.keys()).filter((token) => scores[token] > -Infinity)
      const expected = [...tokens].sort((a, b) => (scores[a] === scores[b] ? a - b : scores[b] < scores[a] ? -1 : 1))
      expect([...ranked(scores, tokens, count)]).toEqual(expected.slice(0, count))
    }),
    { seed: 5, numRuns: 500 },
  )
})

it('where nearly all fall into one bucket', () => {
  const scores = Float64Array.from({ length: 1000 }, (_, i) => (i === 500 ? 1e30 : (i * 7) % 1000))
  const found = ranked(scores, Uint32Array.from(scores.keys()), 1000)
  expect(found[0]).toBe(500)
  for (let i = 2; i < 1000; i++) expect(scores[found[i]]).toBeLessThanOrEqual(scores[found[i - 1]])
})
