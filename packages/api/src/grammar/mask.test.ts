import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compile } from './compile.ts'
import { isAllowed } from './constraint.ts'
import { choice, optional, repeat, rule, sequence, text, type Grammar } from './grammar.ts'
import { jsonGrammar } from './json.ts'
import { TokenMasks } from './mask.ts'
import { Pushdown } from './pushdown.ts'
import { allStrings, grammars } from './reference.fixture.ts'
import { read } from './run.fixture.ts'
import type { State } from './state.ts'
import { TokenTrie } from './token-trie.ts'

const encoder = new TextEncoder()

/** By reading every token from the start. */
function bruteForce(automaton: Pushdown, state: State, tokens: readonly Uint8Array[], end: number): number[] {
  return [...tokens.keys()].filter((id) =>
    id === end ? state.accepting : tokens[id]!.length > 0 && read(automaton, tokens[id]!, state) !== null,
  )
}

function allowed(mask: Uint32Array): number[] {
  return Array.from({ length: mask.length * 32 }, (_, id) => id).filter((id) => isAllowed(mask, id))
}

/** Follows random allowed tokens and compares the masks on the way. */
function compareOnWalk(
  automaton: Pushdown,
  masks: TokenMasks,
  tokens: readonly Uint8Array[],
  picks: readonly number[],
  from?: State,
): void {
  let state = from ?? automaton.start
  for (const pick of picks) {
    const ids = allowed(masks.mask(automaton, state))
    expect(ids).toEqual(bruteForce(automaton, state, tokens, 0))
    expect(ids).not.toEqual([])
    const id = ids[pick % ids.length]!
    if (id === 0) return
    state = read(automaton, tokens[id]!, state)!
  }
}

/** Token 0 ends a text, the last one is a control token; there is one for each byte, and some come twice. */
function vocabulary(pieces: readonly Uint8Array[]): Uint8Array[] {
  const bytes = Array.from({ length: 256 }, (_, byte) => Uint8Array.of(byte))
  return [new Uint8Array(0), ...pieces, ...bytes, ...pieces.slice(0, 2), new Uint8Array(0)]
}

const picks = fc.array(fc.nat(), { maxLength: 12 })
const jsonPieces = fc.array(
  fc
    .string({ unit: fc.constantFrom(...'{}[]",:\\u0d8e1-. tre', 'é', '🙂'), minLength: 1, maxLength: 5 })
    .chain((piece) => fc.nat(3).map((cut) => encoder.encode(piece).slice(cut)))
    .filter(({ length }) => length > 0),
  { maxLength: 60 },
)

describe('TokenMasks', () => {
  it('allows what reading every token allows, for any grammar', () => {
    const pieces = fc.array(fc.string({ unit: fc.constantFrom('a', 'b'), minLength: 1, maxLength: 6 }), {
      maxLength: 12,
    })
    fc.assert(
      fc.property(grammars, pieces, picks, (grammar, pieces, picks) => {
        const tokens = vocabulary(pieces.map((piece) => encoder.encode(piece)))
        const trie = new TokenTrie(tokens)
        let automaton: Pushdown
        try {
          automaton = new Pushdown(compile(grammar, trie.single))
        } catch {
          return
        }
        compareOnWalk(automaton, new TokenMasks(trie, [0]), tokens, picks)
      }),
      { seed: 1, numRuns: 1000 },
    )
  })

  it('allows what reading every token allows, in JSON, with and without a space to be stripped', () => {
    const automaton = new Pushdown(compile(jsonGrammar()))
    fc.assert(
      fc.property(jsonPieces, picks, fc.boolean(), (pieces, picks, strips) => {
        const tokens = vocabulary(pieces)
        const masks = new TokenMasks(new TokenTrie(tokens), [0], { states: 3, interiors: 5 })
        compareOnWalk(automaton, masks, tokens, picks, strips ? automaton.startAfterSpace() : undefined)
      }),
      { seed: 2, numRuns: 1000 },
    )
  })

  it('allows what reading every token allows, on both sides of every bound of a count', () => {
    const tokens = vocabulary(
      ['a', 'aa', 'aaaa', 'ab', 'aab', 'aaaab', 'b', 'bc', 'aabc'].map((t) => encoder.encode(t)),
    )
    // Items of which none begins another one are counted on a way of their own.
    const items = [text('a'), choice(text('a'), text('aa'))]
    for (const [min, max] of [
      [0, 30],
      [9, 30],
      [12, 12],
      [1, 4],
      [20, null],
    ] as const) {
      for (const item of items) {
        const inner = sequence(repeat(item, min, max), text('b'))
        const grammar: Grammar = { rules: new Map([['s', sequence(repeat(inner, 1, 30), text('c'))]]), start: 's' }
        const automaton = new Pushdown(compile(grammar))
        const masks = new TokenMasks(new TokenTrie(tokens), [0])
        // The least room first: what is found out there is used again where there is more.
        for (let a = 63; a >= 0; a--) {
          const state = read(automaton, 'a'.repeat(a))
          if (state) expect(allowed(masks.mask(automaton, state))).toEqual(bruteForce(automaton, state, tokens, 0))
        }
      }
    }
  })

  it('makes one mask for all counts that are far from their bounds', () => {
    const tokens = vocabulary(['aaaa'].map((t) => encoder.encode(t)))
    const grammar: Grammar = { rules: new Map([['s', repeat(text('a'), 100, 10_000)]]), start: 's' }
    const automaton = new Pushdown(compile(grammar))
    const masks = new TokenMasks(new TokenTrie(tokens), [0])
    const made = new Set<Uint32Array>()
    for (let state = automaton.start, i = 0; i < 9000; i++, state = automaton.step(state, 0x61)!)
      made.add(masks.mask(automaton, state))
    expect(made.size).toBeLessThan(20)
  })

  it('refuses by name what takes too long, and goes on with other grammars', () => {
    const pieces = allStrings('ab', 8).map((piece) => encoder.encode(piece))
    const masks = new TokenMasks(new TokenTrie(vocabulary(pieces)), [0], { work: 1000 })
    const letter = choice(text('a'), text('b'))
    const palindromes = choice(letter, sequence(letter, optional(rule('s')), letter))
    const automaton = new Pushdown(compile({ rules: new Map([['s', palindromes]]), start: 's' }))
    const state = read(automaton, 'ab'.repeat(450))!
    expect(() => masks.mask(automaton, state)).toThrow(/too ambiguous: a mask takes more than 1000 steps/)
    const json = new Pushdown(compile(jsonGrammar({ whitespace: false })))
    expect(allowed(masks.mask(json, json.start))).not.toEqual([])
  })

  it('allows an end token for the end alone, though it has bytes', () => {
    const tokens = vocabulary([encoder.encode('a')])
    const masks = new TokenMasks(new TokenTrie(tokens), [1])
    const automaton = new Pushdown(
      compile({ rules: new Map([['s', sequence(text('a'), optional(text('a')))]]), start: 's' }),
    )
    expect(isAllowed(masks.mask(automaton, automaton.start), 1)).toBe(false)
    expect(isAllowed(masks.mask(automaton, read(automaton, 'a')!), 1)).toBe(true)
  })
})
