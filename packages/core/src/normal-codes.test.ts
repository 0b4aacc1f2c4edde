import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { decodeCode } from './dtype.ts'
import { normalCodes } from './normal-codes.ts'

// By the standard library of Python, which inverts the normal distribution: conformance/goldens/synth/make.py.
const { magnitudes } = JSON.parse(
  readFileSync(new URL('../../../conformance/goldens/synth/vectors.json', import.meta.url), 'utf8'),
) as { magnitudes: [number, number][] }

test('as many draws give each code of E4M3 as the inverse of the distribution says, in order', () => {
  const numbers = Array.from(normalCodes('F8_E4M3', 100), (code) => decodeCode('F8_E4M3', code))
  const expected = [
    ...magnitudes.toReversed().flatMap(([value, count]) => Array<number>(count / 2).fill(-value)),
    ...magnitudes.flatMap(([value, count]) => Array<number>(count / 2).fill(value)),
  ]
  expect(numbers).toEqual(expected)
})

test('a smaller deviation divides BF16 numbers by as much', () => {
  const unit = normalCodes('BF16', 1)
  expect(normalCodes('BF16', 2 ** -6)).toEqual(unit.map((code) => code - (6 << 7)))
})
