import fc from 'fast-check'
import { expect, test } from 'vitest'
import { compile } from './compile.ts'
import { ebnf } from './ebnf.ts'
import { jsonGrammar } from './json.ts'
import { Judge, judge } from './judge.ts'
import { Pushdown } from './pushdown.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const json = new Pushdown(compile(jsonGrammar()))
const of = (grammar: string, text: string) => judge(new Pushdown(compile(ebnf(grammar))), bytes(text))

test('says where a text stops, in bytes, and what was possible there', () => {
  const date = 'root ::= "é" [0-9]{4} ("-" [0-9]{2})?'
  expect(of(date, 'é2024')).toEqual({ accepted: true })
  expect(of(date, 'é2024-12')).toEqual({ accepted: true })
  expect(of(date, 'é20x4')).toEqual({ accepted: false, at: 4, expected: ['0-9'] })
  expect(of(date, 'é2024/')).toEqual({ accepted: false, at: 6, expected: ['-', 'end'] })
  expect(of(date, 'é2024-')).toEqual({ accepted: false, at: 7, expected: ['0-9'] })
  expect(of(date, 'é2024-123')).toEqual({ accepted: false, at: 9, expected: ['end'] })
  expect(of(date, '')).toEqual({ accepted: false, at: 0, expected: ['\\xc3'] })
  // è begins as é does.
  expect(of(date, 'è')).toEqual({ accepted: false, at: 1, expected: ['\\xa9'] })
  expect(of('root ::= [ !a\\\\]', 'b')).toEqual({ accepted: false, at: 0, expected: ['\\x20', '!', '\\\\', 'a'] })
})

test('a space in front or behind is not of the text', () => {
  expect(judge(json, bytes(' {}'))).toMatchObject({ accepted: false, at: 0 })
  expect(judge(json, bytes('{} '))).toEqual({ accepted: false, at: 2, expected: ['end'] })
})

test('a text in pieces is judged as the whole', () => {
  const texts = fc.jsonValue({ stringUnit: 'binary' }).map((value) => JSON.stringify(value))
  fc.assert(
    fc.property(texts, fc.nat(), fc.constantFrom('', ',', '"', '\\', '}', '0'), (text, at, slip) => {
      const place = at % (text.length + 1)
      const slipped = bytes(text.slice(0, place) + slip + text.slice(place))
      const pieces = new Judge(json)
      for (const byte of slipped) pieces.read(Uint8Array.of(byte))
      expect(pieces.judgement()).toEqual(judge(json, slipped))
    }),
    { seed: 3, numRuns: 300 },
  )
})

test('stops at nesting that would take all memory, and where a text can be read in too many ways', () => {
  const nested = (depth: number) => judge(json, bytes('['.repeat(depth) + ']'.repeat(depth)), { depth: 1000 })
  expect(nested(900)).toEqual({ accepted: true })
  expect(nested(1100)).toMatchObject({ accepted: false, reason: 'nested more than 1000 deep' })
  const many = compile(ebnf('root ::= "x" root? ("x" root "y")?'))
  const judgement = judge(new Pushdown(many, { configurations: 50 }), bytes('x'.repeat(1000)))
  expect(judgement).toMatchObject({ accepted: false, reason: expect.stringMatching('too ambiguous') })
})
