import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bf16, decodeFloat, e4m3, e5m2, encodeFloat, f16, type FloatFormat, type Overflow } from './float-format.ts'

const formats: [string, FloatFormat][] = Object.entries({ e4m3, e5m2, f16, bf16 })
const modes: Overflow[] = ['nan', 'saturate']

const signBit = (format: FloatFormat) => 1 << (format.exponentBits + format.mantissaBits)

/** Magnitudes of a format in ascending order, one past the largest included: the number that would come next. */
function neighbours(format: FloatFormat, code: number): { below: number; above: number } {
  const at = (magnitude: number) => decodeFloat(format, magnitude)
  const step = at(format.largest) - at(format.largest - 1)
  const next = code === format.largest ? at(code) + step : at(code + 1)
  return { below: (at(code - 1) + at(code)) / 2, above: (at(code) + next) / 2 }
}

/** Doubles of all magnitudes, with most of them where the small formats lie. */
const numbers = fc.oneof(
  fc.double({ noNaN: true }),
  fc.double({ noNaN: true, min: -1e5, max: 1e5 }),
  fc
    .tuple(fc.double({ noNaN: true, min: -2, max: 2 }), fc.integer({ min: -150, max: 130 }))
    .map(([x, e]) => x * 2 ** e),
)

describe('published values', () => {
  // OCP 8-bit Floating Point Specification 1.0, table 1; IEEE 754 for f16; bf16 is the upper half of a binary32.
  const limits: [string, FloatFormat, number, number, number][] = [
    ['e4m3', e4m3, 448, 2 ** -6, 2 ** -9],
    ['e5m2', e5m2, 57344, 2 ** -14, 2 ** -16],
    ['f16', f16, 65504, 2 ** -14, 2 ** -24],
    ['bf16', bf16, (2 - 2 ** -7) * 2 ** 127, 2 ** -126, 2 ** -133],
  ]
  it.each(limits)('%s has its largest, smallest normal and smallest subnormal', (_, format, max, normal, subnormal) => {
    expect(decodeFloat(format, format.largest)).toBe(max)
    expect(decodeFloat(format, 1 << format.mantissaBits)).toBe(normal)
    expect(decodeFloat(format, 1)).toBe(subnormal)
    expect(decodeFloat(format, signBit(format))).toBe(-0)
  })

  // The bit algorithm of PyTorch's Float8_e4m3fn.h as it was before it saturated; ml_dtypes still gives the same.
  const e4m3Vector: [number, number][] = [
    [448, 0x7e],
    [449, 0x7e],
    [463.9, 0x7e],
    [464, 0x7e],
    [464.0001, 0x7f],
    [480, 0x7f],
    [Infinity, 0x7f],
    [-Infinity, 0xff],
    [-464, 0xfe],
    [-465, 0xff],
    [2 ** -6, 0x08],
    [2 ** -7, 0x04],
    [2 ** -9, 0x01],
    [2 ** -10, 0x00],
    [1.0001 * 2 ** -10, 0x01],
    [0.9 * 2 ** -10, 0x00],
    [-0, 0x80],
    [3 * 2 ** -10, 0x02],
    [NaN, 0x7f],
  ]
  it.each(e4m3Vector)('%d is e4m3 code %d', (value, code) => {
    expect(encodeFloat(e4m3, value, 'nan')).toBe(code)
  })

  it('has NaN at 0x7f and 0xff of e4m3 only, and infinities in the others', () => {
    expect(
      Array.from({ length: 256 }, (_, code) => code).filter((code) => Number.isNaN(decodeFloat(e4m3, code))),
    ).toEqual([0x7f, 0xff])
    expect([decodeFloat(e5m2, 0x7c), decodeFloat(f16, 0xfc00), decodeFloat(bf16, 0x7f80)]).toEqual([
      Infinity,
      -Infinity,
      Infinity,
    ])
    expect([0x7d, 0x7e, 0x7f, 0xfd].map((code) => decodeFloat(e5m2, code))).toEqual([NaN, NaN, NaN, NaN])
  })

  it('rounds a double once: by way of float32 this one would become a tie and go down', () => {
    const value = 1 + 2 ** -4 + 2 ** -40
    expect(encodeFloat(e4m3, Math.fround(value), 'nan')).toBe(0x38)
    expect(encodeFloat(e4m3, value, 'nan')).toBe(0x39)
  })
})

describe.each(formats)('%s', (_, format) => {
  it.each(modes)('gives every code back (%s)', (overflow) => {
    const sign = signBit(format)
    for (let code = 0; code < 2 * sign; code++) {
      const value = decodeFloat(format, code)
      const magnitude = code & (sign - 1)
      if (magnitude <= format.largest) expect(encodeFloat(format, value, overflow)).toBe(code)
      else if (Number.isNaN(value)) expect(encodeFloat(format, value, overflow)).toBe(format.nan)
      else
        expect(encodeFloat(format, value, overflow) & (sign - 1)).toBe(overflow === 'nan' ? magnitude : format.largest)
    }
  })

  it('counts upwards: a larger code is a larger number', () => {
    for (let code = 1; code <= format.largest; code++) {
      expect(decodeFloat(format, code)).toBeGreaterThan(decodeFloat(format, code - 1))
    }
  })

  it('takes the nearest number, the even one of two', () => {
    fc.assert(
      fc.property(numbers, (value) => {
        const magnitude = encodeFloat(format, Math.abs(value), 'saturate')
        const { below, above } = neighbours(format, magnitude)
        const x = Math.abs(value)
        const even = magnitude % 2 === 0
        if (magnitude > 0) expect(even ? x >= below : x > below).toBe(true)
        if (magnitude < format.largest) expect(even ? x <= above : x < above).toBe(true)
        // Overflow begins where the number that would come next is nearer, or as near and even.
        const inside = magnitude < format.largest || (even ? x <= above : x < above)
        expect(encodeFloat(format, x, 'nan')).toBe(inside ? magnitude : format.overflow)
      }),
      { seed: 1, numRuns: 5000 },
    )
  })

  it('treats both signs alike', () => {
    fc.assert(
      fc.property(numbers, fc.constantFrom(...modes), (value, overflow) => {
        expect(encodeFloat(format, -value, overflow)).toBe(encodeFloat(format, value, overflow) ^ signBit(format))
      }),
      { seed: 2, numRuns: 1000 },
    )
  })

  it('never makes two numbers change places', () => {
    fc.assert(
      fc.property(numbers, numbers, (a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)].map((x) =>
          decodeFloat(format, encodeFloat(format, x, 'saturate')),
        )
        expect(low).toBeLessThanOrEqual(high)
      }),
      { seed: 3, numRuns: 2000 },
    )
  })

  it('saturates to finite numbers, infinities too', () => {
    fc.assert(
      fc.property(fc.oneof(numbers, fc.constantFrom(Infinity, -Infinity, Number.MAX_VALUE)), (value) => {
        expect(decodeFloat(format, encodeFloat(format, value, 'saturate'))).toSatisfy(Number.isFinite)
      }),
      { seed: 4, numRuns: 2000 },
    )
  })
})
