import { expect, test } from 'vitest'
import { isEquivalent } from './automaton.ts'
import { acceptsText } from './automata.fixture.ts'
import { CountedStrings } from './counted-strings.ts'
import { anyString } from './json-string.ts'
import { LimitError } from './limit.ts'
import { restrictedSet } from './restrict.ts'

const forms = ['stringified', 'any escape'] as const

test('the same sets as with a table', () => {
  for (const form of forms)
    for (const [min, max] of [
      [0, 0],
      [0, 3],
      [2, 2],
      [1, 4],
      [0, Infinity],
      [3, Infinity],
    ] as const)
      expect([form, min, max, isEquivalent(new CountedStrings(form, min, max), anyString(form, { min, max }))]).toEqual(
        [...[form, min, max, true]],
      )
})

test('every state leads to a final one, and every state can be reached', () => {
  for (const form of forms)
    for (const [min, max] of [
      [0, 0],
      [1, 3],
      [2, Infinity],
    ] as const) {
      const dfa = new CountedStrings(form, min, max)
      const from = Array.from({ length: dfa.size }, (_, state) =>
        Array.from({ length: 256 }, (_, byte) => dfa.next(state, byte)).filter((to) => to >= 0),
      )
      const reached = new Set([0])
      for (const state of reached) for (const to of from[state]!) reached.add(to)
      const living = new Set([1])
      // Places in a character are at most eleven bytes apart from its end.
      for (let round = 0; round < 12 * (max === Infinity ? min + 2 : max + 2); round++)
        from.forEach((next, state) => next.some((to) => living.has(to)) && living.add(state))
      expect([dfa.size - reached.size, dfa.size - living.size]).toEqual([0, 0])
    }
})

test('long strings cost nothing until they are read', () => {
  const dfa = new CountedStrings('any escape', 0, 1_000_000)
  const text = 'é'.repeat(1_000_000)
  expect(acceptsText(dfa, `"${text}"`)).toBe(true)
  expect(acceptsText(dfa, `"${text}x"`)).toBe(false)
  expect(() => new CountedStrings('any escape', 0, 1e9)).toThrow(LimitError)
  expect(() => new CountedStrings('any escape', 2, 1)).toThrow(RangeError)
})

test('without some bytes, the same as a table without them, whatever the bound', () => {
  const without = (...bytes: readonly number[]) => Array.from({ length: 256 }, (_, byte) => !bytes.includes(byte))
  // A letter and a lead byte, as vocabularies leave out; the backslash; all that characters consist of.
  const some = [
    without(0x78, 0xf1),
    without(0x5c),
    without(...Array.from({ length: 256 }, (_, b) => b).filter((b) => b !== 0x22)),
  ]
  for (const usable of some)
    for (const [min, max] of [
      [0, 2],
      [1, 3],
      [2, Infinity],
    ] as const) {
      const counted = restrictedSet(new CountedStrings('any escape', min, max), usable)
      const table = restrictedSet(anyString('any escape', { min, max }), usable)
      expect(counted === null).toBe(table === null)
      if (counted && table) expect(isEquivalent(counted, table)).toBe(true)
    }
  expect(restrictedSet(new CountedStrings('any escape', 0, 3), without(0x22))).toBeNull()
  const long = restrictedSet(new CountedStrings('any escape', 0, 1_000_000), some[0]!)!
  expect(acceptsText(long, `"${'y'.repeat(1_000_000)}"`)).toBe(true)
  expect(acceptsText(long, '"x"')).toBe(false)
})
