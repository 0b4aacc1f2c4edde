import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { philox, uniform } from './philox.ts'
import { checkSampling, sample, type Sampling } from './sample.ts'

const context = { prompt: [], generated: [] }
const hex = (words: Uint32Array) => [...words].map((word) => word.toString(16).padStart(8, '0')).join(' ')
/** The tokens that come up in 400 draws. */
function support(logits: readonly number[], sampling: Sampling): number[] {
  const draws = Array.from(
    { length: 400 },
    (_, seed) => sample(Float64Array.from(logits), { ...sampling, seed }, context).token,
  )
  return [...new Set(draws)].sort((a, b) => a - b)
}

describe('Philox4x32-10', () => {
  // Known answers of Random123 (kat_vectors), by the authors of the generator.
  it.each([
    [[0, 0, 0, 0], [0, 0], '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    [[-1, -1, -1, -1], [-1, -1], '408f276d 41c83b0e a20bc7c6 6d5451fd'],
    [[0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344], [0xa4093822, 0x299f31d0], 'd16cfe09 94fdcceb 5001e420 24126ea1'],
  ])('%j with key %j', (counter, key, expected) => {
    const words = (values: readonly number[]) => values.map((value) => value >>> 0)
    expect(hex(philox(words(counter) as [number, number, number, number], words(key) as [number, number]))).toBe(
      expected,
    )
  })

  it('draws evenly, and differently for every seed and counter', () => {
    const draws = Array.from({ length: 10_000 }, (_, n) => uniform(7, n))
    const tenths = Array.from({ length: 10 }, (_, i) => draws.filter((u) => Math.floor(u * 10) === i).length)
    // χ² of nine degrees of freedom is above 27.9 once in a thousand.
    expect(tenths.reduce((sum, n) => sum + (n - 1000) ** 2 / 1000, 0)).toBeLessThan(27.9)
    expect(new Set(draws).size).toBe(10_000)
    expect(uniform(2n ** 64n - 1n, 0)).toBe(uniform(-1n, 0))
    expect(uniform(2 ** 40, 0)).not.toBe(uniform(0, 0))
  })
})

describe('sampling', () => {
  // Probabilities 0.4, 0.3, 0.2, 0.1 of tokens 2, 0, 3, 1.
  const logits = [0.3, 0.1, 0.4, 0.2].map(Math.log)

  it.each([
    ['temperature 0', {}, [2]],
    ['temperature 1', { temperature: 1 }, [0, 1, 2, 3]],
    ['top-k 2', { temperature: 1, topK: 2 }, [0, 2]],
    ['top-p 0.6: 0.4 + 0.3 crosses it', { temperature: 1, topP: 0.6 }, [0, 2]],
    ['top-p 0.8: the third crosses it', { temperature: 1, topP: 0.8 }, [0, 2, 3]],
    ['min-p 0.6: 0.24 and more', { temperature: 1, minP: 0.6 }, [0, 2]],
    ['min-p after temperature', { temperature: 4, minP: 0.6 }, [0, 1, 2, 3]],
    ['a ban', { temperature: 1, bias: new Map([[2, -Infinity]]) }, [0, 1, 3]],
    ['a bias', { bias: new Map([[1, 100]]) }, [1]],
  ] as [string, Sampling, number[]][])('%s', (_, sampling, expected) =>
    expect(support(logits, sampling)).toEqual(expected),
  )

  it('penalises by the formulas: repetition on prompt and answer, frequency and presence on the answer alone', () => {
    const pick = (sampling: Sampling, prompt: number[], generated: number[]) =>
      sample(Float64Array.of(4, 3, -1, -1.5), sampling, { prompt, generated }).token
    expect(pick({ repetitionPenalty: 1.4 }, [0], [])).toBe(1) // 4 / 1.4 < 3
    expect(pick({ repetitionPenalty: 1.3 }, [0], [])).toBe(0)
    expect(
      pick(
        {
          repetitionPenalty: 2,
          bias: new Map([
            [0, -99],
            [1, -99],
          ]),
        },
        [2],
        [],
      ),
    ).toBe(3) // −1 · 2 < −1.5
    expect(pick({ frequencyPenalty: 0.6 }, [0, 0], [])).toBe(0)
    expect(pick({ frequencyPenalty: 0.6 }, [], [0])).toBe(0)
    expect(pick({ frequencyPenalty: 0.6 }, [], [0, 0])).toBe(1)
    expect(pick({ presencePenalty: 0.6 }, [], [0, 0])).toBe(0)
    expect(pick({ presencePenalty: 1.1 }, [], [0])).toBe(1)
  })

  it('reports the log-probability of the model, whatever was done to the choice', () => {
    const { token, logprob } = sample(
      Float64Array.from(logits),
      { temperature: 0.1, bias: new Map([[1, 50]]) },
      context,
    )
    expect([token, logprob]).toEqual([1, expect.closeTo(Math.log(0.1), 12)])
  })

  it('draws by the probabilities, and the same for the same seed and count', () => {
    const counts = [0, 0, 0, 0]
    for (let seed = 0; seed < 4000; seed++) {
      const choice = sample(Float64Array.from(logits), { temperature: 1, seed }, context)
      expect(choice).toEqual(sample(Float64Array.from(logits), { temperature: 1, seed }, context))
      counts[choice.token]++
    }
    const expected = [1200, 400, 1600, 800]
    // χ² of three degrees of freedom is above 16.3 once in a thousand.
    expect(counts.reduce((sum, n, i) => sum + (n - expected[i]) ** 2 / expected[i], 0)).toBeLessThan(16.3)
  })

  it('keeps to the mask', () => {
    const numbers = fc.array(fc.double({ min: -20, max: 20, noNaN: true }), { minLength: 2, maxLength: 20 })
    fc.assert(
      fc.property(numbers, fc.nat(), fc.double({ min: 0, max: 3, noNaN: true }), (values, n, temperature) => {
        const allowed = (token: number) => token % 2 === n % 2
        const { token } = sample(Float64Array.from(values), { temperature, seed: n }, context, allowed)
        expect(allowed(token)).toBe(true)
      }),
      { seed: 4 },
    )
  })

  it('refuses to choose where there is no choice', () => {
    expect(() => sample(Float64Array.of(1, NaN), {}, context)).toThrow('logits')
    expect(() => sample(Float64Array.of(-Infinity, -Infinity), {}, context)).toThrow('logits')
    expect(() => sample(Float64Array.of(1, 2), {}, context, () => false)).toThrow('no token is allowed')
  })

  it.each([
    [{ temperature: -1 }, 'temperature is -1'],
    [{ topP: 0 }, 'topP is 0'],
    [{ topK: 1.5 }, 'topK is 1.5'],
    [{ minP: 2 }, 'minP is 2'],
    [{ repetitionPenalty: 0 }, 'repetitionPenalty is 0'],
    [{ frequencyPenalty: Infinity }, 'frequencyPenalty is Infinity'],
    [{ seed: 2 ** 60 }, 'seed is'],
  ] as [Sampling, string][])('refuses %j', (sampling, words) => expect(() => checkSampling(sampling)).toThrow(words))
})
