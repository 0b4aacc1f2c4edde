import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { acceptsText } from './automata.fixture.ts'
import { anyText, intersection, isEquivalent, ofLength, ofStrings } from './automaton.ts'
import { BoundedLength, lengthsOf } from './bounded-length.ts'
import { stringifiedStrings } from './json-string.ts'
import { stringLiterals } from './quoted-strings.ts'
import { regexDfa } from './regex.ts'

const points = (text: string): number => [...text].length

describe('lengthsOf', () => {
  it('is that of the shortest and of the longest string', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'grapheme', maxLength: 5 }), { minLength: 1 }), (strings) => {
        const counts = strings.map(points)
        expect(lengthsOf(ofStrings(strings))).toEqual({ min: Math.min(...counts), max: Math.max(...counts) })
      }),
      { seed: 1, numRuns: 200 },
    )
    expect(lengthsOf(regexDfa('^a{3}(€|😀)*$'))).toEqual({ min: 3, max: Infinity })
    expect(lengthsOf(anyText())).toEqual({ min: 0, max: Infinity })
  })
})

describe('BoundedLength', () => {
  it.each(['^[a-c]+€?$', '😀|é', '^(ab|cde)*$', ''])('has the strings of %s that are short enough', (pattern) => {
    const all = regexDfa(pattern)
    for (const max of [1, 2, 3, 7])
      expect(isEquivalent(new BoundedLength(all, max), intersection(all, ofLength(0, max)))).toBe(true)
  })

  it('leads nowhere that has no end', () => {
    const bounded = new BoundedLength(regexDfa('^(ab)*$'), 3)
    expect(acceptsText(bounded, 'ab')).toBe(true)
    expect(bounded.next(bounded.next(bounded.next(0, 0x61), 0x62), 0x61)).toBe(-1)
  })
})

describe('stringLiterals', () => {
  it.each(['^[a-z]{2,4}$', '^["\\\\]$', '\n', '^(?![\\s\\S])'])('are those of JSON.stringify: %s', (pattern) => {
    const values = regexDfa(pattern)
    expect(isEquivalent(stringLiterals(values), stringifiedStrings(values))).toBe(true)
  })
})
