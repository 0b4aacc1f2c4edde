import fc from 'fast-check'
import { expect, test } from 'vitest'
import { anyText, isEmpty, isEquivalent, ofLength, ofStrings } from './automaton.ts'
import { acceptsText, isWellFormed } from './automata.fixture.ts'
import { anyString, stringifiedStrings } from './json-string.ts'
import { regexDfa } from './regex.ts'

const special = [
  '"',
  '\\',
  '/',
  '\b',
  '\f',
  '\n',
  '\r',
  '\t',
  '\0',
  '\u000b',
  '\u001f',
  '\u007f',
  '\u0085',
  '\u2028',
  'u',
  'b',
]
const text = fc.string({
  unit: fc.oneof(
    fc.constantFrom(...special, 'a', 'é', '漢', '🙂', '\ufeff'),
    fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
  ),
  maxLength: 8,
})
const well = text.filter((value) => isWellFormed(value))
const runs = { seed: 21, numRuns: 1000 }

/** What the platform reads, undefined where it is no JSON. */
function parsed(literal: string): unknown {
  try {
    return JSON.parse(literal)
  } catch {
    return undefined
  }
}

/** A character in one of the ways that JSON has for it. */
function written(character: string, way: number): string {
  const units = [...character].flatMap((c) => Array.from({ length: c.length }, (_, i) => c.charCodeAt(i)))
  const hex = units.map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`).join('')
  const short = character === '/' ? '\\/' : JSON.stringify(character).slice(1, -1)
  return [short, hex, hex.toUpperCase().replaceAll('\\U', '\\u')][way]!
}

/** Literals that are not quite what they were. */
const mutated = fc
  .tuple(
    well,
    fc.nat(20),
    fc.nat(2),
    fc.constantFrom('', '"', '\\', '\\u00', '\\u001f', '\\ud83d', '\\/', '\n', 'a', '0', 'F'),
  )
  .map(([value, at, removed, put]) => {
    const literal = JSON.stringify(value)
    return literal.slice(0, at) + put + literal.slice(at + removed)
  })
  .filter((literal) => isWellFormed(literal))

test('a set of strings gives the literals that JSON.stringify writes, and no others', () => {
  fc.assert(
    fc.property(
      fc.array(well, { maxLength: 6 }),
      fc.array(
        fc.oneof(
          well.map((value) => JSON.stringify(value)),
          mutated,
        ),
      ),
      (values, others) => {
        const literals = values.map((value) => JSON.stringify(value))
        const dfa = stringifiedStrings(ofStrings(values))
        for (const literal of [...literals, ...others])
          expect(acceptsText(dfa, literal)).toBe(literals.includes(literal))
        expect(isEquivalent(dfa, ofStrings(literals))).toBe(true)
      },
    ),
    { ...runs, numRuns: 300 },
  )
  expect(isEmpty(stringifiedStrings(ofStrings([])))).toBe(true)
})

test('all strings as JSON.stringify writes them: the literals that come out again as they went in', () => {
  const dfa = anyString('stringified')
  fc.assert(
    fc.property(
      fc.oneof(
        well.map((value) => JSON.stringify(value)),
        mutated,
      ),
      (literal) => {
        const value = parsed(literal)
        const isOne = typeof value === 'string' && isWellFormed(value) && JSON.stringify(value) === literal
        expect(acceptsText(dfa, literal)).toBe(isOne)
      },
    ),
    runs,
  )
  expect(isEquivalent(dfa, stringifiedStrings(anyText()))).toBe(true)
})

test('all strings with any escape: what JSON.parse takes, but for lone surrogates', () => {
  const dfa = anyString('any escape')
  const ways = well.chain((value) =>
    fc
      .array(fc.nat(2), { minLength: value.length, maxLength: value.length })
      .map((ways) => `"${[...value].map((character, i) => written(character, ways[i]!)).join('')}"`),
  )
  fc.assert(
    fc.property(fc.oneof(ways, mutated), (literal) => {
      const value = parsed(literal)
      // JSON.parse also takes white space around the literal.
      const isOne = typeof value === 'string' && isWellFormed(value) && /^".*"$/s.test(literal)
      expect([literal, acceptsText(dfa, literal)]).toEqual([literal, isOne])
    }),
    runs,
  )
})

test('lengths count characters, however they are written', () => {
  const bounds = fc.tuple(fc.nat(4), fc.constantFrom(0, 1, Infinity))
  fc.assert(
    fc.property(well, bounds, fc.nat(2), (value, [min, more], way) => {
      const max = min + more
      const length = [...value].length
      const escaped = `"${[...value].map((character) => written(character, way)).join('')}"`
      const isIn = length >= min && length <= max
      expect(acceptsText(anyString('stringified', { min, max }), JSON.stringify(value))).toBe(isIn)
      expect(acceptsText(anyString('any escape', { min, max }), escaped)).toBe(isIn)
    }),
    { ...runs, numRuns: 200 },
  )
  expect(acceptsText(stringifiedStrings(ofLength(1, 1)), '"\\n"')).toBe(true)
})

test('a pattern is about the value, not about how it is written', () => {
  const dfa = stringifiedStrings(regexDfa('^["\\\\]\\n.$'))
  for (const value of ['"\nx', '\\\n🙂', 'n\nx', '"\n\n', '"nx'])
    expect([value, acceptsText(dfa, JSON.stringify(value))]).toEqual([value, /^["\\]\n.$/u.test(value)])
})
