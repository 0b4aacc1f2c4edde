import fc from 'fast-check'
import { expect, test } from 'vitest'
import * as sets from './automaton.ts'
import { acceptsText, dfaOf, holds, made, words, type Made } from './automata.fixture.ts'

const all = [...new Set(words(7))]
const runs = { seed: 8, numRuns: 400 }

/** That the automaton holds those of all words over a and b, to a length of 7, that it should. */
function expectWords(dfa: sets.Dfa, isIn: (word: string) => boolean): void {
  expect(all.filter((word) => acceptsText(dfa, word))).toEqual(all.filter(isIn))
}

/** Whether a word is `times` words of the set, one after the other. */
function isPower(set: Made, word: string, times: number): boolean {
  if (times === 0) return word === ''
  const cuts = Array.from({ length: word.length + 1 }, (_, i) => i)
  return cuts.some((cut) => holds(set, word.slice(0, cut)) && isPower(set, word.slice(cut), times - 1))
}

test('union, intersection, difference and complement hold the words that membership says', () => {
  fc.assert(
    fc.property(made, made, (a, b) => {
      const [first, second] = [dfaOf(a), dfaOf(b)]
      expectWords(first, (word) => holds(a, word))
      expectWords(sets.union(first, second), (word) => holds(a, word) || holds(b, word))
      expectWords(sets.intersection(first, second), (word) => holds(a, word) && holds(b, word))
      expectWords(sets.difference(first, second), (word) => holds(a, word) && !holds(b, word))
      expectWords(sets.complement(first), (word) => !holds(a, word))
      expect(acceptsText(sets.complement(first), 'é🙂')).toBe(true)
      expect(sets.accepts(sets.complement(first), Uint8Array.of(0xff))).toBe(false)
    }),
    runs,
  )
})

test('empty, disjoint, subset and equal are what all words say', () => {
  // Two automata of at most 5 states that differ do so on a word of at most 9 letters.
  const enough = [...new Set(words(9))]
  fc.assert(
    fc.property(made, made, (a, b) => {
      const [first, second] = [dfaOf(a), dfaOf(b)]
      const [inA, inB] = [a, b].map((set) => new Set(enough.filter((word) => holds(set, word)))) as [
        Set<string>,
        Set<string>,
      ]
      expect(sets.isEmpty(first)).toBe(inA.size === 0)
      const common = [...inA].filter((word) => inB.has(word)).length
      expect(sets.isDisjoint(first, second) || common > 0).toBe(true)
      if (common > 0) expect(sets.isDisjoint(first, second)).toBe(false)
      expect(sets.isSubset(first, second)).toBe(common === inA.size)
      expect(sets.isEquivalent(first, second)).toBe(common === inA.size && common === inB.size)
    }),
    runs,
  )
})

test('concatenation is all ways to cut a word in two', () => {
  fc.assert(
    fc.property(made, made, (a, b) => {
      expectWords(sets.concatenation([dfaOf(a), dfaOf(b)]), (word) =>
        all.some((head) => word.startsWith(head) && holds(a, head) && holds(b, word.slice(head.length))),
      )
    }),
    runs,
  )
  expectWords(sets.concatenation([]), (word) => word === '')
})

test('repeat is between min and max powers, star any', () => {
  const bounds = fc.tuple(fc.nat(3), fc.constantFrom(0, 1, 2, Infinity))
  fc.assert(
    fc.property(made, bounds, (a, [min, more]) => {
      // A word of 7 letters is made of at most 7 words that are not empty; more can only be empty ones.
      const most = more === Infinity ? 10 : min + more
      const powers = Array.from({ length: most - min + 1 }, (_, i) => min + i)
      expectWords(sets.repeat(dfaOf(a), min, min + more), (word) => powers.some((times) => isPower(a, word, times)))
      if (min === 0 && more === Infinity)
        expectWords(sets.star(dfaOf(a)), (word) => powers.some((times) => isPower(a, word, times)))
    }),
    { ...runs, numRuns: 100 },
  )
})

test('automata are least: as many states as words tell apart, each with a way to a final one', () => {
  fc.assert(
    fc.property(made, (a) => {
      // What may follow a word (residuals), of up to 5 states told apart by words of up to 5 letters.
      const ends = words(5)
      const residuals = words(5).map((word) => ends.map((end) => Number(holds(a, word + end))).join(''))
      const living = new Set(residuals.filter((residual) => residual.includes('1')))
      expect(dfaOf(a).size).toBe(living.size)
    }),
    runs,
  )
})

test('equal sets have equal tables, and any other implementation of the interface can take part', () => {
  const ab = sets.ofStrings(['a', 'ab'])
  const other = sets.concatenation([sets.ofStrings(['a']), sets.ofStrings(['', 'b'])])
  expect(other).toEqual(ab)
  const foreign: sets.Dfa = {
    size: 3,
    next: (state, byte) => (state === 0 && byte === 97 ? 1 : state === 1 && byte === 98 ? 2 : -1),
    isFinal: (state) => state > 0,
  }
  expect(sets.tableOf(foreign)).toEqual(ab)
  expect(sets.isEquivalent(foreign, ab)).toBe(true)
})

test('sets of strings: exactly these, and out again', () => {
  const strings = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'é', '🙂'), maxLength: 4 }), { maxLength: 12 })
  fc.assert(
    fc.property(strings, strings, (members, others) => {
      const dfa = sets.ofStrings(members)
      for (const text of [...members, ...others]) expect(acceptsText(dfa, text)).toBe(members.includes(text))
      const found = sets.enumerated(dfa, 12)!.map((bytes) => new TextDecoder().decode(bytes))
      expect(found.sort()).toEqual([...new Set(members)].sort())
    }),
    runs,
  )
  expect(sets.enumerated(sets.ofStrings(['a', 'b', 'c']), 2)).toBeUndefined()
  expect(sets.enumerated(sets.star(sets.ofStrings(['ab'])), 1000)).toBeUndefined()
  expect(sets.enumerated(sets.star(sets.ofStrings(['ab'])), Infinity)).toBeUndefined()
  expect(sets.enumerated(sets.ofStrings([]), 0)).toEqual([])
})

test('what becomes too large is refused, and says which limit', () => {
  const a = sets.ofStrings(['a'])
  expect(() => sets.repeat(a, 0, 20_001)).toThrow(/20000/)
  expect(() => sets.repeat(sets.repeat(a, 1, 1000), 1, 1000)).toThrow(sets.LimitError)
  // The letter before the last twelve: 2^12 states.
  const any = sets.ofStrings(['a', 'b'])
  const bomb = () => sets.concatenation([sets.star(any), a, sets.repeat(any, 12, 12)], { states: 4000, steps: 1e9 })
  expect(bomb).toThrow(/more than 4000 states/)
  const slow = () => sets.concatenation([sets.star(any), a, sets.repeat(any, 12, 12)], { states: 9000, steps: 9000 })
  expect(slow).toThrow(/more than 9000 steps/)
})
