import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { uniform } from './philox.ts'
import { plainAdjust, plainDistribution, plainSample } from './plain-sample.fixture.ts'
import { adjust, checkSampling, choose, distribution, sample, type Sampling } from './sample.ts'

interface Golden {
  readonly rows: readonly { readonly logits: number[]; readonly prompt: number[]; readonly generated: number[] }[]
  readonly cases: readonly {
    readonly row: number
    readonly sampling: Sampling
    readonly tokens: number[]
    readonly probabilities: number[]
  }[]
}
// Written by transformers' logits processors; see conformance/goldens/sampling/make.py.
const path = new URL('../../../conformance/goldens/sampling/distributions.json', import.meta.url)
const golden = JSON.parse(readFileSync(path, 'utf8')) as Golden
const none = { prompt: [], generated: [] }
const steps = (n: number): number[] => Array.from({ length: n }, (_, i) => i)

describe('distribution', () => {
  it.each(golden.cases)('row $row, $sampling', ({ row, sampling, tokens, probabilities }) => {
    const { logits, prompt, generated } = golden.rows[row]
    const scores = Float64Array.from(logits)
    adjust(scores, sampling, { prompt, generated })
    const found = distribution(scores, { temperature: 1, ...sampling })
    const total = found.weights.reduce((a, b) => a + b, 0)
    expect(found.tokens.toSorted((a, b) => a - b)).toEqual(tokens)
    found.tokens.forEach((token, i) => {
      expect(found.weights[i] / total).toBeCloseTo(probabilities[tokens.indexOf(token)], 12)
    })
  })

  it('top-k keeps lower ids among equals; min-p keeps all of them', () => {
    const scores = Float64Array.of(1, 2, 2, 2, 0)
    expect(distribution(scores, { temperature: 1, topK: 2 }).tokens).toEqual([1, 2])
    expect(distribution(scores, { temperature: 1, minP: 1 }).tokens).toEqual([1, 2, 3])
  })

  it('top-p keeps the smallest set that reaches the mass', () => {
    for (const { logits } of golden.rows) {
      const scores = Float64Array.from(logits)
      const all = scores
        .map((x) => Math.exp(x))
        .toSorted()
        .reverse()
      const total = all.reduce((a, b) => a + b)
      for (const topP of [0.01, 0.2, 0.4, 0.6, 0.8, 0.99]) {
        const { length } = distribution(scores, { temperature: 1, topP }).tokens
        const mass = (n: number): number => all.subarray(0, n).reduce((a, b) => a + b, 0) / total
        expect(mass(length)).toBeGreaterThanOrEqual(topP)
        expect(mass(length - 1)).toBeLessThan(topP)
      }
    }
  })
})

describe('adjust', () => {
  it('subtracts frequency per occurrence and presence once, for generated tokens alone', () => {
    const scores = Float64Array.of(1, 1, 1, 1)
    const sampling = { frequencyPenalty: 0.25, presencePenalty: 0.5, bias: new Map([[3, -4]]) }
    adjust(scores, sampling, { prompt: [0], generated: [1, 2, 1, 1] })
    expect([...scores]).toEqual([1, 1 - 0.75 - 0.5, 1 - 0.25 - 0.5, -3])
  })

  it('adds the bias before the repetition penalty, which counts a token once', () => {
    const scores = Float64Array.of(1, -1, 2)
    adjust(scores, { repetitionPenalty: 2, bias: new Map([[0, 3]]) }, { prompt: [0, 0, 1], generated: [0, 1] })
    expect([...scores]).toEqual([2, -2, 2])
  })
})

describe('sample', () => {
  it('greedy takes the lowest id among equals and reports the raw log-probability', () => {
    const logits = Float64Array.of(0, 3, 3, 1)
    const logsum = Math.log(1 + 2 * Math.exp(3) + Math.exp(1))
    expect(sample(logits, {}, none).token).toBe(1)
    expect(sample(logits, {}, none, Uint32Array.of(0b1101))).toEqual({ token: 2, logprob: expect.closeTo(3 - logsum) })
    expect(sample(logits, { bias: new Map([[3, 9]]) }, none).logprob).toBeCloseTo(1 - logsum, 12)
  })

  it.each([0, 1])('refuses NaN and an empty choice at temperature %d', (temperature) => {
    expect(() => sample(Float64Array.of(1, NaN, 2), { temperature }, none)).toThrow(/NaN/)
    expect(() => sample(Float64Array.of(1, 2), { temperature }, none, Uint32Array.of(0))).toThrow(/no token is allowed/)
    expect(() => sample(Float64Array.of(-Infinity), { temperature }, none)).toThrow(/largest is -Infinity/)
    const bias = new Map([[0, -Infinity]])
    expect(() => sample(Float64Array.of(1), { temperature, bias }, none)).toThrow(/no token is allowed/)
  })

  it('depends on the seed and the number of tokens alone', () => {
    const logits = Float64Array.from(golden.rows[0].logits)
    const draw = (seed: number, n: number): number =>
      sample(logits, { temperature: 2, seed }, { prompt: [], generated: new Array<number>(n).fill(0) }).token
    const forward = steps(50).map((n) => draw(3, n))
    const backward = steps(50)
      .reverse()
      .map((n) => draw(3, n))
      .reverse()
    expect(backward).toEqual(forward)
    expect(steps(50).map((n) => draw(4, n))).not.toEqual(forward)
  })

  it('draws by inverting the cumulative weights in ascending order of id', () => {
    const seeds = steps(200)
    const found = seeds.map((seed) => sample(Float64Array.of(0, 0, 0, 0), { temperature: 1, seed }, none).token)
    expect(found).toEqual(seeds.map((seed) => Math.floor(uniform(seed, 0) * 4)))
  })

  it('draws as often as it should: chi-square over 8,000 draws', () => {
    const { row, sampling, tokens, probabilities } = golden.cases[17]
    const logits = Float64Array.from(golden.rows[row].logits)
    const counts = new Map(tokens.map((token) => [token, 0]))
    for (const seed of steps(8000)) {
      const { token } = sample(logits, { ...sampling, seed }, none)
      counts.set(token, counts.get(token)! + 1)
    }
    const chi = tokens.reduce(
      (sum, t, i) => sum + (counts.get(t)! - 8000 * probabilities[i]) ** 2 / (8000 * probabilities[i]),
      0,
    )
    // At most 8 degrees of freedom: 26.1 has a tail of 0.001.
    expect(chi).toBeLessThan(26.1)
  })
})

describe('the quick way and the plain one', () => {
  const id = fc.nat(39)
  const sampling = fc.record(
    {
      temperature: fc.constantFrom(0, 1e-3, 0.7, 1, 30),
      topP: fc.oneof(fc.constantFrom(0.25, 0.5, 1), fc.double({ min: 0.01, max: 1, noNaN: true })),
      topK: fc.constantFrom(0, 1, 2, 7, 40, 1000),
      minP: fc.constantFrom(0, 0.01, 0.5, 1),
      repetitionPenalty: fc.constantFrom(0.5, 1, 1.3),
      frequencyPenalty: fc.constantFrom(-0.5, 0, 0.1),
      presencePenalty: fc.constantFrom(-0.3, 0, 1.7),
      bias: fc.array(fc.tuple(id, fc.constantFrom(-Infinity, -100, 2.5, 100))).map((pairs) => new Map(pairs)),
      seed: fc.nat(),
    },
    { requiredKeys: [] },
  )
  // Halves, so that there are equals; and numbers that round.
  const logit = fc.oneof(
    fc.integer({ min: -8, max: 8 }).map((n) => n / 2),
    fc.double({ min: -9, max: 9, noNaN: true }),
  )
  const cases = fc.record({
    logits: fc.array(fc.oneof({ weight: 9, arbitrary: logit }, fc.constant(-Infinity)), {
      minLength: 1,
      maxLength: 40,
    }),
    sampling,
    context: fc.record({ prompt: fc.array(id), generated: fc.array(id) }),
    forbidden: fc.uniqueArray(id, { maxLength: 3 }),
  })

  /** What a call gives, or what it says. */
  function outcome<T>(call: () => T): T | string {
    try {
      return call()
    } catch (error) {
      return String(error)
    }
  }

  it('agree bit for bit, errors included', () => {
    fc.assert(
      fc.property(cases, ({ logits, sampling, context, forbidden }) => {
        const values = Float64Array.from(logits)
        const allowed = (token: number): boolean => !forbidden.includes(token)
        const mask = new Uint32Array(Math.ceil(logits.length / 32))
        logits.forEach((_, token) => allowed(token) && (mask[token >>> 5] |= 1 << (token & 31)))
        const expected = outcome(() => plainSample(values, sampling, context, allowed))
        expect(outcome(() => sample(values, sampling, context, mask))).toEqual(expected)
        const token = typeof expected === 'string' ? expected : expected.token
        expect(outcome(() => choose(values, sampling, context, mask))).toBe(token)
        expect([...values]).toEqual(logits)
        const [scores, plain] = [values.slice(), values.slice()]
        adjust(scores, sampling, context)
        plainAdjust(plain, sampling, context)
        expect(scores).toEqual(plain)
        expect(outcome(() => distribution(scores, sampling))).toEqual(outcome(() => plainDistribution(plain, sampling)))
      }),
      { seed: 7, numRuns: 2000 },
    )
  })

  it.each<Sampling>([
    {},
    { temperature: 0.8 },
    { temperature: 0.8, topK: 40 },
    { temperature: 0.8, topP: 0.9, repetitionPenalty: 1.1 },
    { temperature: 2, topP: 0.999, minP: 1e-6, frequencyPenalty: 0.1, presencePenalty: 0.2 },
  ])('agree over 49,152 tokens, %j', (sampling) => {
    const logits = Float64Array.from({ length: 49152 }, (_, i) => 8 * Math.tan(uniform(3, i) - 0.5) + uniform(4, i))
    const context = { prompt: steps(300).map((n) => n * 151), generated: steps(200).map((n) => (n * n) % 997) }
    for (const seed of [1, 2, 3]) {
      expect(sample(logits, { ...sampling, seed }, context)).toEqual(
        plainSample(logits, { ...sampling, seed }, context),
      )
    }
  })

  it('what has an infinite bias is drawn, whatever else there is', () => {
    const bias = new Map([2, 3].map((token) => [token, Infinity]))
    const draw = (seed: number) => choose(Float64Array.of(5, 1, 0, 0, 9), { temperature: 1, bias, seed }, none)
    expect(new Set(steps(50).map(draw))).toEqual(new Set([2, 3]))
  })
})

describe('checkSampling', () => {
  it.each([
    [{ temperature: -1 }, /temperature is -1/],
    [{ temperature: NaN }, /temperature is NaN/],
    [{ topP: 0 }, /topP is 0/],
    [{ topK: 1.5 }, /topK is 1.5/],
    [{ minP: 2 }, /minP is 2/],
    [{ repetitionPenalty: 0 }, /repetitionPenalty is 0/],
    [{ frequencyPenalty: Infinity }, /frequencyPenalty is Infinity/],
    [{ seed: 2 ** 60 }, /seed is/],
    [{ bias: new Map([[1, NaN]]) }, /bias of token 1 is NaN/],
  ])('%j', (sampling, message) => {
    expect(() => checkSampling(sampling)).toThrow(message)
  })
})
