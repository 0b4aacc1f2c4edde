import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { readConfig } from './config.ts'
import { angles, frequencies } from './rope.ts'

interface Golden {
  readonly name: string
  readonly text: string
  readonly expected: { readonly inv_freq: readonly number[] }
}

// Computed in float64 from wavelengths, and checked against transformers: conformance/goldens/config/make.py.
const file = new URL('../../../conformance/goldens/config/config.json', import.meta.url)
const { cases } = JSON.parse(readFileSync(file, 'utf8')) as { readonly cases: readonly Golden[] }

test.each(cases.map((golden) => [golden.name, golden] as const))('frequencies: %s', (_, { text, expected }) => {
  const { headDim, ropeTheta, ropeScaling } = readConfig(text)
  const found = frequencies(headDim, ropeTheta, ropeScaling)
  expect(found.length).toBe(expected.inv_freq.length)
  // Two powers and a few operations, each within an ulp or so; llama3's ramp subtracts close numbers.
  const worst = Math.max(...found.map((value, i) => Math.abs(value / expected.inv_freq[i] - 1)))
  expect(worst).toBeLessThan((ropeScaling.type === 'llama3' ? 16 : 4) * Number.EPSILON)
})

// Llama 3.1's own numbers: long waves are stretched by the factor, short ones are left alone.
test('llama3 leaves the first frequency and divides the last', () => {
  const scaling = {
    type: 'llama3',
    factor: 8,
    lowFrequencyFactor: 1,
    highFrequencyFactor: 4,
    originalContext: 8192,
  } as const
  const [plain, scaled] = [frequencies(128, 5e5, { type: 'default' }), frequencies(128, 5e5, scaling)]
  expect(scaled[0]).toBe(1)
  expect(scaled[63]).toBe(plain[63] / 8)
})

test('angles are position times frequency, row by row', () => {
  const { cos, sin } = angles(Int32Array.of(0, 3), [1, Math.PI / 6])
  expect([...cos.subarray(0, 2), ...sin.subarray(0, 2)]).toEqual([1, 1, 0, 0])
  // cos 3 and sin 3 of Python 3.11; the second pair is a quarter turn.
  expect(cos[2]).toBeCloseTo(-0.9899924966004454, 15)
  expect(sin[2]).toBeCloseTo(0.1411200080598672, 15)
  expect(cos[3]).toBeCloseTo(0, 15)
  expect(sin[3]).toBeCloseTo(1, 15)
})

test('angles keep double precision far out', () => {
  // math.cos and math.sin of Python 3.11 at 1,000,000.
  const { cos, sin } = angles(Int32Array.of(1_000_000), [1])
  expect(cos[0]).toBeCloseTo(0.9367521275331447, 14)
  expect(sin[0]).toBeCloseTo(-0.34999350217129294, 14)
})
