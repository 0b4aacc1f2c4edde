import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { sentencePiece } from './sentencepiece.ts'

interface Golden {
  readonly texts: readonly { readonly text: string; readonly ids: number[] }[]
  readonly decodes: readonly { readonly ids: number[]; readonly text: string }[]
}
const root = new URL('../../../', import.meta.url)
const golden = (version: string): Golden =>
  JSON.parse(readFileSync(new URL(`conformance/goldens/mistral/${version}.json`, root), 'utf8')) as Golden
const file = (folder: string): Uint8Array =>
  new Uint8Array(readFileSync(new URL(`models/${folder}/tokenizer.model`, root)))
const [v1File, v3File] = [file('mistral-7b-instruct-v0.2'), file('mistral-7b-instruct-v0.3')]
const [v1, v3] = [sentencePiece(v1File), sentencePiece(v3File)]

// Written by mistral-common and Google's SentencePiece; see conformance/goldens/mistral/make.py.
describe.each([
  ['v1', v1, golden('v1')],
  ['v3', v3, golden('v3')],
] as const)('SentencePiece, %s', (_, tokenizer, { texts, decodes }) => {
  it.each(texts)('$text', ({ text, ids }) => {
    expect([...tokenizer.encode(text)]).toEqual(ids)
    expect(tokenizer.decode(ids)).toBe(text.replaceAll('▁', ' '))
  })

  // SentencePiece writes one U+FFFD for every byte that is no UTF-8, a TextDecoder one for every sequence cut short.
  const broken = (text: string): string => text.replace(/\ufffd+/g, '\ufffd')
  it.each(decodes)('$ids', ({ ids, text }) => {
    expect(broken(tokenizer.decode(ids))).toBe(broken(text))
  })

  it('gives back any text, without control tokens', () => {
    const control = new Set(tokenizer.control.values())
    const part = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.constantFrom('<s>', '[INST]', '  ', '\n', '[/INST]', '<0x41>'),
    )
    const text = fc.array(part, { maxLength: 8 }).map((parts) => parts.join(''))
    fc.assert(
      fc.property(text, (value) => {
        const ids = tokenizer.encode(value)
        expect(tokenizer.decode(ids)).toBe(value.replaceAll('▁', ' '))
        expect([...ids].filter((id) => control.has(id))).toEqual([])
      }),
      { seed: 5, numRuns: 300 },
    )
  })
})

describe('SentencePiece, models made for it', () => {
  interface Small {
    readonly models: readonly { model: string; texts: { text: string; ids: number[]; decoded: string }[] }[]
  }
  // Written by Google's SentencePiece; see conformance/goldens/mistral/make.py.
  const url = new URL('conformance/goldens/mistral/small.json', root)
  const { models } = JSON.parse(readFileSync(url, 'utf8')) as Small
  it.each(models)('user-defined pieces, equal scores, pieces that spell control ones', ({ model, texts }) => {
    const { encode, decode } = sentencePiece(new Uint8Array(Buffer.from(model, 'base64')))
    for (const { text, ids, decoded } of texts) {
      expect([text, ...encode(text)]).toEqual([text, ...ids])
      expect(decode(ids)).toBe(decoded)
    }
  })
})

describe('the dummy prefix', () => {
  const [every, first] = (['every', 'first'] as const).map((templatePrefix) =>
    sentencePiece(v1File, 'v1', { templatePrefix }),
  )
  const ids = (text: string): number[] => [...every.encode(text)]

  // What Google's SentencePiece gives for "Hi", "▁Hi" and "[": see the texts above and research on the model.
  it('comes with every part of a template, or with the first', () => {
    expect([...every.encodeTemplate('<s>Hi</s>Hi')]).toEqual([1, 15359, 2, 15359])
    expect([...first.encodeTemplate('<s>Hi</s> Hi')]).toEqual([1, 23809, 2, 15359])
    expect([...first.encodeTemplate('Hi<s>Hi')]).toEqual([15359, 1, 23809])
    expect(ids('Hi')).toEqual([15359])
  })

  it('is not there in nothing', () => {
    expect([...every.encodeTemplate('<s></s>'), ...ids('')]).toEqual([1, 2])
  })

  it('is no part of a decoded text', () => {
    expect(every.decode([1, 15359, 15359, 2])).toBe('Hi Hi')
  })
})

describe('prefix', () => {
  it('is BOS unless told', () => {
    expect([v1.prefix, v3.prefix]).toEqual([[1], [1]])
    expect(sentencePiece(v1File, 'v1', { addBos: false }).prefix).toEqual([])
  })
})

// A tenth of a second and half a second on an idle machine; something quadratic would take minutes.
describe('speed', () => {
  it('opens 32,768 pieces', { timeout: 10_000 }, () => {
    expect(sentencePiece(v3File).size).toBe(32768)
  })

  const units = ['a', ' ', '\n', '🌍', 'é', '你', '7', 'word ', 'ꀀ', '  ab\n', '[REFERENCE_DOC_1]', '<s>']
  it.each(units)('200 kB of %j', { timeout: 20_000 }, (unit) => {
    const text = unit.repeat(200_000 / new TextEncoder().encode(unit).length)
    expect(v3.decode(v3.encode(text))).toBe(text)
  })
})
