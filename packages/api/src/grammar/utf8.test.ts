import fc from 'fast-check'
import { expect, test } from 'vitest'
import { accepts, anyText, ofLength } from './automaton.ts'
import { acceptsText, utf8 } from './automata.fixture.ts'
import { codePoints, complement } from './code-points.ts'
import { utf8Dfa } from './utf8.ts'

const range = fc.tuple(fc.integer({ min: 0, max: 0x10ffff }), fc.integer({ min: 0, max: 0x3000 }))
const sets = fc
  .array(range, { minLength: 1, maxLength: 5 })
  .map((ranges) => codePoints(ranges.map(([from, more]) => ({ from, to: Math.min(from + more, 0x10ffff) }))))

/** Every code point but surrogates, thinned out away from the given ones. */
function points(near: readonly number[]): number[] {
  const around = near.flatMap((at) => [at - 1, at, at + 1])
  const all = [...around, 0, 0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff]
  return all.filter((point) => point >= 0 && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff))
}

test('a set of code points holds the encodings of these and of no others', () => {
  fc.assert(
    fc.property(sets, (set) => {
      const dfa = utf8Dfa([set.map((range) => ({ ...range, target: 1 })), []], (state) => state === 1)
      const rest = complement(set).map((range) => ({ ...range, target: 1 }))
      const others = utf8Dfa([rest, []], (state) => state === 1)
      for (const point of points(set.flatMap(({ from, to }) => [from, to]))) {
        const isIn = set.some(({ from, to }) => from <= point && point <= to)
        expect(acceptsText(dfa, String.fromCodePoint(point))).toBe(isIn)
        expect(acceptsText(others, String.fromCodePoint(point))).toBe(!isIn)
      }
    }),
    { seed: 4, numRuns: 200 },
  )
})

test('any text: the bytes that the platform decodes without an error', () => {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  const decodes = (bytes: Uint8Array): boolean => {
    try {
      decoder.decode(bytes)
      return true
    } catch {
      return false
    }
  }
  const text = anyText()
  // All pairs of bytes, and all triples and quadruples of those bytes at which something changes.
  const edges = [
    0x00, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xdf, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5, 0xff,
  ]
  const strings = Array.from({ length: 65536 }, (_, i) => [i >> 8, i & 255])
  for (const a of edges) for (const b of edges) for (const c of edges) for (const d of edges) strings.push([a, b, c, d])
  for (const a of edges) for (const b of edges) for (const c of edges) strings.push([a, b, c])
  const wrong = strings.filter((bytes) => accepts(text, Uint8Array.from(bytes)) !== decodes(Uint8Array.from(bytes)))
  expect(wrong).toEqual([])
  expect(accepts(text, utf8(''))).toBe(true)
})

test('lengths count code points', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'é', '漢', '🙂'), maxLength: 8 })
  fc.assert(
    fc.property(text, fc.nat(5), fc.constantFrom(0, 1, 2, Infinity), (text, min, more) => {
      const length = [...text].length
      expect(acceptsText(ofLength(min, min + more), text)).toBe(length >= min && length <= min + more)
    }),
    { seed: 5, numRuns: 500 },
  )
  expect(() => ofLength(0, 1e9)).toThrow(/20000 states/)
})
