import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { PbfWriter } from 'pbf'
import { describe, expect, it } from 'vitest'
import { InputError, UnsupportedError } from './errors.ts'
import { sentencePiece } from './sentencepiece.ts'
import { readSentencePieceModel } from './sentencepiece-model.ts'

const file = new URL('../../../models/mistral-7b-instruct-v0.2/tokenizer.model', import.meta.url)
const whole = new Uint8Array(readFileSync(file))

interface Made {
  pieces: [text: string, score: number, type: number][]
  /** Field → number or text. */
  trainer: Record<number, number | string>
  normalizer: Record<number, number | string>
}
const bytes = Array.from({ length: 256 }, (_, byte): [string, number, number] => {
  return [`<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`, 0, 6]
})
const small: Made = {
  pieces: [['<unk>', 0, 2], ['<s>', 0, 3], ['</s>', 0, 3], ...bytes, ['▁', 0, 1], ['a', -2, 1], ['▁a', -1, 1]],
  trainer: { 3: 2, 35: 1 },
  normalizer: { 1: 'identity', 3: 1, 4: 0, 5: 1 },
}

/** A file of sentencepiece_model.proto; pbf's own writer. */
function written({ pieces, trainer, normalizer }: Made): Uint8Array {
  const writer = new PbfWriter()
  for (const [text, score, type] of pieces) {
    writer.writeMessage(1, ([a, b, c], pbf) => {
      pbf.writeStringField(1, a)
      pbf.writeFloatField(2, b)
      pbf.writeVarintField(3, c)
    }, [text, score, type] as const) // prettier-ignore
  }
  const settings = (given: Made['trainer'], pbf: PbfWriter): void => {
    for (const [field, value] of Object.entries(given)) {
      if (typeof value === 'string') pbf.writeStringField(Number(field), value)
      else pbf.writeVarintField(Number(field), value)
    }
  }
  writer.writeMessage(2, settings, trainer)
  writer.writeMessage(3, settings, normalizer)
  return writer.finish()
}

describe('readSentencePieceModel', () => {
  it('reads the pieces of Mistral 7B v0.2', () => {
    const { pieces, dummyPrefix, bos } = readSentencePieceModel(whole, 'v1')
    expect([pieces.length, dummyPrefix, bos]).toEqual([32000, true, '<s>'])
    const kinds = pieces.map(({ kind }) => kind)
    const counts = ['normal', 'byte', 'control', 'unknown', 'userDefined'].map(
      (kind) => kinds.filter((k) => k === kind).length,
    )
    expect(counts).toEqual([31741, 256, 2, 1, 0])
    expect(pieces[28705]).toEqual({ text: '▁', score: -1e9, kind: 'normal' })
    expect(pieces[15359].text).toBe('▁Hi')
  })

  it('reads what it does not know, and a model without a dummy prefix', () => {
    const made = written({
      ...small,
      trainer: { ...small.trainer, 99: 'more' },
      normalizer: { ...small.normalizer, 3: 0 },
    })
    const { encode, decode } = sentencePiece(made)
    expect([...encode(' a a')]).toEqual([261, 261])
    expect(decode([261])).toBe(' a')
    expect([...sentencePiece(written(small)).encode(' a')]).toEqual([259, 261])
  })

  it.each<[string, Partial<Made>]>([
    ['a unigram model', { trainer: { ...small.trainer, 3: 1 } }],
    ['a model of words', { trainer: { ...small.trainer, 3: 3 } }],
    ['a model that does not say of what kind it is', { trainer: { 35: 1 } }],
    ['no byte fallback', { trainer: { 3: 2 } }],
    ['spaces as suffixes', { trainer: { ...small.trainer, 24: 1 } }],
    ['spaces that are removed', { normalizer: { ...small.normalizer, 4: 1 } }],
    ['spaces that are removed by default', { normalizer: {} }],
    ['spaces that are not escaped', { normalizer: { ...small.normalizer, 5: 0 } }],
    ['a normalizer', { normalizer: { ...small.normalizer, 1: 'nmt_nfkc', 2: 'rules' } }],
    ['unused pieces', { pieces: [...small.pieces, ['b', 0, 5]] }],
  ])('does not support %s', (_, change) => {
    const made = written({ ...small, ...change })
    expect(() => sentencePiece(made, 'x')).toThrow(UnsupportedError)
    expect(() => sentencePiece(made, 'x')).toThrow(/^x: /)
  })

  it.each<[string, Uint8Array]>([
    ['nothing', new Uint8Array(0)],
    ['text', new TextEncoder().encode('{"model": {"type": "BPE"}}')],
    ['zeros', new Uint8Array(1000)],
    ['a piece twice', written({ ...small, pieces: [...small.pieces, ['a', 0, 1]] })],
    ['a control piece twice', written({ ...small, pieces: [...small.pieces, ['<s>', 0, 1]] })],
    ['a piece without text', written({ ...small, pieces: [...small.pieces, ['', 0, 1]] })],
    ['a score that is no number', written({ ...small, pieces: [...small.pieces, ['b', NaN, 1]] })],
    ['a byte too few', written({ ...small, pieces: small.pieces.filter(([text]) => text !== '<0x41>') })],
    ['bytes that are no text', Uint8Array.of(10, 3, 10, 1, 0xff, ...written(small))],
    ['something after it', Uint8Array.of(...written(small), 10)],
  ])('refuses %s', (_, made) => {
    expect(() => sentencePiece(made, 'x')).toThrow(InputError)
    expect(() => sentencePiece(made, 'x')).toThrow(/^x: /)
  })

  it('refuses a file that is cut short anywhere', () => {
    const made = written({ ...small, normalizer: { ...small.normalizer, 99: 'and more' } })
    for (let length = 0; length < made.length; length++) {
      expect(() => sentencePiece(made.slice(0, length), 'x'), String(length)).toThrow(InputError)
    }
    fc.assert(
      fc.property(fc.nat(whole.length - 1), (length) => {
        expect(() => sentencePiece(whole.subarray(0, length), 'x')).toThrow(InputError)
      }),
      { seed: 6, numRuns: 30 },
    )
  })

  it('says what it found', () => {
    const message = 'x: expected a whole SentencePiece model, found 0 pieces, and no settings after them'
    expect(() => sentencePiece(new Uint8Array(0), 'x')).toThrow(message)
  })

  it('throws nothing but InputError for damaged bytes', () => {
    const made = written(small)
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(made.length - 1), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        (changes) => {
          const damaged = made.slice()
          for (const [at, byte] of changes) damaged[at] = byte
          try {
            sentencePiece(damaged, 'x').encode('a b')
          } catch (error) {
            expect(error).toBeInstanceOf(InputError)
          }
        },
      ),
      { seed: 7, numRuns: 1000 },
    )
  })
})
