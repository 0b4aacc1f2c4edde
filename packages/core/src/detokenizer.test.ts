import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { detokenizer } from './detokenizer.ts'
import { sentencePiece } from './sentencepiece.ts'
import { tokenizer } from './tokenizer.ts'

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8')
const small = JSON.parse(read('conformance/goldens/tokenizer/sentencepiece-style.json')) as { tokenizer: object }
const cases = [
  ['byte-level', tokenizer(read('models/smollm2-135m-instruct-fp8/tokenizer.json'))],
  ['SentencePiece style', tokenizer(JSON.stringify(small.tokenizer))],
  [
    'SentencePiece',
    sentencePiece(readFileSync(new URL('../../../models/mistral-7b-instruct-v0.2/tokenizer.model', import.meta.url))),
  ],
] as const

describe.each(cases)('detokenizer, %s', (_, vocabulary) => {
  const pieces = (ids: Iterable<number>): string[] => {
    const stream = detokenizer(vocabulary)
    return [...Array.from(ids, (id) => stream.push(id)), stream.end()]
  }

  it('joins to the decoded text for any ids', () => {
    // Low ids are the single bytes, where characters are split and broken.
    const id = fc.oneof(fc.nat(vocabulary.size - 1), fc.nat(270))
    fc.assert(
      fc.property(fc.array(id, { maxLength: 40 }), (ids) => {
        expect(pieces(ids).join('')).toBe(vocabulary.decode(ids))
      }),
      { seed: 2, numRuns: 500 },
    )
  })

  it('never shows a broken character for one that is merely split', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), (text) => {
        const found = pieces(vocabulary.encode(text))
        expect(found.join('')).toBe(vocabulary.decode(vocabulary.encode(text)))
        expect(found.filter((piece) => piece.includes('\ufffd'))).toEqual([])
      }),
      { seed: 3, numRuns: 500 },
    )
  })

  it('shows a character when its last byte is there', () => {
    const ids = vocabulary.encode('𓀀')
    const found = pieces(ids)
    expect(ids.length).toBeGreaterThan(2)
    expect(found.map((piece) => piece.trim())).toEqual([...Array.from({ length: ids.length - 1 }, () => ''), '𓀀', ''])
  })

  it('ends a character that was never completed with U+FFFD', () => {
    const ids = vocabulary.encode('𓀀').slice(0, -1)
    expect(pieces(ids).at(-1)).toBe('\ufffd')
  })
})

it('keeps the space in front of what goes on with a text', () => {
  const vocabulary = cases[2][1]
  const ids = vocabulary.encode('Paris')
  const text = (options: object): string => {
    const stream = detokenizer(vocabulary, options)
    return Array.from(ids, (id) => stream.push(id)).join('') + stream.end()
  }
  expect([text({}), text({ continues: true })]).toEqual(['Paris', ' Paris'])
})
