import { readFileSync } from 'node:fs'
import { sentencePiece, tokenizer, type Tokenizer } from '@tramontane/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compile } from './compile.ts'
import { Constraint, isAllowed } from './constraint.ts'
import { choice, repeat, sequence, text, type Grammar } from './grammar.ts'
import { jsonGrammar } from './json.ts'
import { TokenMasks } from './mask.ts'
import { Pushdown } from './pushdown.ts'
import { tokenTrie } from './token-trie.ts'

const models = new URL('../../../../models/', import.meta.url)
const vocabularies: [string, Tokenizer, number][] = [
  ['SmolLM2', tokenizer(readFileSync(new URL('smollm2-135m-instruct-fp8/tokenizer.json', models), 'utf8')), 2],
  ['Mistral v0.3', sentencePiece(readFileSync(new URL('mistral-7b-instruct-v0.3/tokenizer.model', models))), 2],
]

function ids(mask: Uint32Array): number[] {
  const found: number[] = []
  for (let id = 0; id < mask.length * 32; id++) if (isAllowed(mask, id)) found.push(id)
  return found
}

describe.each(vocabularies)('Constraint, over the vocabulary of %s', (_, vocabulary, end) => {
  const masks = new TokenMasks(tokenTrie(vocabulary), [end])
  const { stripsLeadingSpace } = vocabulary
  const constraint = (grammar: Grammar): Constraint =>
    new Constraint({ automaton: new Pushdown(compile(grammar, masks.trie.single)), masks, stripsLeadingSpace })
  const only = (value: string): Constraint => constraint({ rules: new Map([['s', text(value)]]), start: 's' })
  const json = constraint(jsonGrammar())

  it('lets the tokens of any JSON document through, and an end just there', () => {
    fc.assert(
      fc.property(fc.jsonValue({ stringUnit: 'grapheme' }), (value) => {
        const at = json.fork()
        for (const token of vocabulary.encode(JSON.stringify(value))) {
          expect(isAllowed(at.mask(), token)).toBe(true)
          expect(isAllowed(at.mask(), end)).toBe(at.isComplete)
          at.accept(token)
        }
        expect(at.isComplete && isAllowed(at.mask(), end)).toBe(true)
        at.accept(end)
        expect(at.isOver).toBe(true)
      }),
      { seed: 1, numRuns: 300 },
    )
  })

  it('gives JSON whatever is drawn, wherever it is complete', () => {
    let complete = 0
    fc.assert(
      fc.property(fc.infiniteStream(fc.nat()), (picks) => {
        const at = json.fork()
        const drawn: number[] = []
        for (const pick of picks) {
          if (at.isComplete) {
            complete++
            expect(() => JSON.parse(vocabulary.decode(drawn)) as unknown).not.toThrow()
          }
          if (at.isOver || drawn.length === 40) break
          const allowed = ids(at.mask())
          // Long texts rarely end by chance: the tokens of one byte, which end something, are drawn more often.
          const short = allowed.filter((id) => masks.trie.bytes(id).length < 2)
          const from = pick % 3 > 0 && short.length > 0 ? short : allowed
          drawn.push(from[Math.floor(pick / 3) % from.length]!)
          at.accept(drawn.at(-1)!)
        }
      }),
      { seed: 2, numRuns: 100 },
    )
    expect(complete).toBeGreaterThan(40)
  })

  it('draws no control token, and no token that ends amid a character which then is another', () => {
    const allowed = ids(only('漢').mask())
    for (const id of vocabulary.control.values()) expect(allowed).not.toContain(id)
    const at = only('漢')
    for (const byte of new TextEncoder().encode('漢')) {
      const token = ids(at.mask()).find((id) => masks.trie.bytes(id).length === 1 && masks.trie.bytes(id)[0] !== 0x20)!
      expect([...masks.trie.bytes(token)]).toEqual([byte])
      expect(at.isComplete).toBe(false)
      at.accept(token)
    }
    expect(ids(at.mask())).toEqual([end])
    expect(at.isOver).toBe(true)
  })

  it('takes a space in front where the vocabulary has it stripped, once', () => {
    const space = ids(only(' ').mask()).find((id) => masks.trie.bytes(id).length === 1)!
    expect(isAllowed(only('{').mask(), space)).toBe(stripsLeadingSpace)
    for (const value of ['{', ' {', '  {']) {
      const written = new Set<string>()
      const follow = (at: Constraint, drawn: number[]): void => {
        if (at.isComplete) written.add(vocabulary.decode(drawn))
        for (const id of ids(at.mask())) {
          if (id === end) continue
          const next = at.fork()
          next.accept(id)
          follow(next, [...drawn, id])
        }
      }
      follow(only(value), [])
      expect([...written]).toEqual([value])
    }
  })

  it('refuses what its mask does not allow, and goes on from where it was', () => {
    const at = only('true')
    const [no] = vocabulary.encode('x').slice(-1)
    expect(() => at.accept(no!)).toThrow(`token ${no} is not allowed here`)
    expect(() => at.accept(end)).toThrow('not allowed')
    expect(() => at.accept(vocabulary.control.values().next().value!)).toThrow('not allowed')
    for (const token of vocabulary.encode('true')) at.accept(token)
    const fork = at.fork()
    fork.accept(end)
    expect(() => fork.accept(end)).toThrow('after the end')
    expect(at.isComplete).toBe(true)
    at.accept(end)
    expect(() => at.fork().accept(end)).toThrow('after the end')
  })

  it('never is without a token, where characters have bytes that the vocabulary lacks', () => {
    // Byte F1 is no token of SmolLM2.
    const plane = text('\u{40000}')
    const grammar: Grammar = {
      rules: new Map([['s', repeat(choice(sequence(text('a'), plane), text('b')), 1, 3)]]),
      start: 's',
    }
    const first = ids(constraint(grammar).mask()).filter((id) => masks.trie.bytes(id)[0] === 0x61)
    expect(first.length > 0).toBe(masks.trie.single[0xf1])
    if (!masks.trie.single[0xf1]) expect(() => only('\u{40000}')).toThrow('accepts no text')
  })
})
