import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { InputError } from './errors.ts'
import { tokenizer } from './tokenizer.ts'

interface Golden {
  readonly tokenizer: object
  readonly prefix: number[]
  readonly texts: readonly { readonly text: string; readonly ids: number[] }[]
  readonly decodes: readonly { readonly ids: number[]; readonly text: string; readonly control: string }[]
}
const root = new URL('../../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')
// Written by Hugging Face's Python libraries; see conformance/goldens/tokenizer/make.py.
const smollm2 = JSON.parse(read('conformance/goldens/tokenizer/smollm2.json')) as Golden
const small = JSON.parse(read('conformance/goldens/tokenizer/sentencepiece-style.json')) as Golden
const file = read('models/smollm2-135m-instruct-fp8/tokenizer.json')
const byteLevel = tokenizer(file)
const sentencePiece = tokenizer(JSON.stringify(small.tokenizer))

describe('byte-level BPE (SmolLM2)', () => {
  it.each(smollm2.texts)('$text', ({ text, ids }) => {
    expect([...byteLevel.encode(text)]).toEqual(ids)
    expect(byteLevel.decode(ids)).toBe(text)
  })

  it('gives back any text, without control tokens', () => {
    const control = new Set(byteLevel.control.values())
    const part = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom(...byteLevel.control.keys(), '<|', '|>'))
    const text = fc.array(part, { maxLength: 8 }).map((parts) => parts.join(''))
    fc.assert(
      fc.property(text, (value) => {
        const ids = byteLevel.encode(value)
        expect(byteLevel.decode(ids)).toBe(value)
        expect([...ids].filter((id) => control.has(id))).toEqual([])
      }),
      { seed: 1 },
    )
  })

  it('writes lone surrogates as U+FFFD', () => {
    expect(byteLevel.decode(byteLevel.encode('a\ud800b'))).toBe('a\ufffdb')
  })

  it.each(['a', ' ', '\n', '🌍', 'é', '你', '7', 'word '])('200 kB of %j in seconds', { timeout: 20_000 }, (unit) => {
    const text = unit.repeat(200_000 / new TextEncoder().encode(unit).length)
    expect(byteLevel.decode(byteLevel.encode(text))).toBe(text)
  })
})

describe('byte fallback (SentencePiece style)', () => {
  it.each(small.texts)('$text', ({ text, ids }) => {
    expect([...sentencePiece.encode(text)]).toEqual(ids)
  })

  // Where bytes are broken Python gives up the whole run of byte tokens, good ones too; here only the broken part is lost.
  const whole = small.decodes.filter(({ text, control }) => !(text + control).includes('\ufffd'))
  it.each(whole)('$ids', ({ ids, text, control }) => {
    expect(sentencePiece.decode(ids)).toBe(text)
    expect(sentencePiece.decode(ids, { control: true })).toBe(control)
  })

  it('keeps what is whole of broken bytes', () => {
    const ids = [...Buffer.from([0x41, 0xe4, 0xb8, 0x42, 0x96])].map((byte) => 3 + byte)
    expect(sentencePiece.decode(ids)).toBe('A\ufffdB\ufffd')
  })

  it('has the prefix of its post-processor', () => {
    expect(sentencePiece.prefix).toEqual(small.prefix)
    expect(byteLevel.prefix).toEqual([])
  })

  it.each(['a', ' ', '🌍'])('200 kB of %j in seconds', { timeout: 20_000 }, (unit) => {
    const text = unit.repeat(200_000 / new TextEncoder().encode(unit).length)
    expect(sentencePiece.decode(sentencePiece.encode(text))).toBe(text)
  })
})

describe('encodeTemplate', () => {
  it('finds control tokens, the longest first, and encodes the rest as text', () => {
    const ids = byteLevel.encodeTemplate('<|im_start|>user\nHi<|im_end|>')
    expect([...ids]).toEqual([1, ...byteLevel.encode('user\nHi'), 2])
  })
})

describe('Metaspace and Prepend', () => {
  interface Metaspace {
    readonly cases: readonly { tokenizer: object; texts: { text: string; ids: number[] }[] }[]
  }
  // Written by Hugging Face's tokenizers; see conformance/goldens/mistral/make.py.
  const { cases } = JSON.parse(read('conformance/goldens/mistral/metaspace.json')) as Metaspace
  it.each(cases)('$tokenizer.pre_tokenizer $tokenizer.normalizer', ({ tokenizer: json, texts }) => {
    const { encodeTemplate } = tokenizer(JSON.stringify(json))
    for (const { text, ids } of texts) expect([text, ...encodeTemplate(text)]).toEqual([text, ...ids])
  })
})

describe('bad files', () => {
  const json = small.tokenizer as { model: object }
  it.each([
    ['nothing', ''],
    ['null', 'null'],
    ['a list', '[]'],
    ['no model', '{}'],
    ['another model', JSON.stringify({ ...json, model: { ...json.model, type: 'Unigram' } })],
    ['a vocabulary of null', JSON.stringify({ ...json, model: { ...json.model, vocab: null } })],
    ['no merges', JSON.stringify({ ...json, model: { ...json.model, merges: undefined } })],
    ['merges of numbers', JSON.stringify({ ...json, model: { ...json.model, merges: [1, 2] } })],
    ['a huge id', JSON.stringify({ ...json, model: { ...json.model, vocab: { a: 1e9 } } })],
    ['a fractional id', JSON.stringify({ ...json, model: { ...json.model, vocab: { a: 0.5 } } })],
    ['an id of text', JSON.stringify({ ...json, model: { ...json.model, vocab: { a: 'b' } } })],
    ['added tokens of null', JSON.stringify({ ...json, added_tokens: [null] })],
    ['added tokens that are no list', JSON.stringify({ ...json, added_tokens: { a: 1 } })],
    ['an unknown decoder', JSON.stringify({ ...json, decoder: { type: 'WordPiece' } })],
    ['an unknown normalizer', JSON.stringify({ ...json, normalizer: { type: 'Nonsense' } })],
    ['a pre-tokenizer of text', JSON.stringify({ ...json, pre_tokenizer: 'ByteLevel' })],
    ['no decoder', JSON.stringify({ ...json, decoder: null })],
    ['a decoder without parts', JSON.stringify({ ...json, decoder: { type: 'Sequence' } })],
    ['a truncated file', file.slice(0, 5000)],
  ])('%s', (_, text) => {
    expect(() => tokenizer(text, 'x.json')).toThrow(InputError)
    expect(() => tokenizer(text, 'x.json')).toThrow(/^x\.json: /)
  })

  it.each([-1, 49152, 1.5, NaN])('an id outside the vocabulary: %d', (id) => {
    expect(() => byteLevel.bytes(id)).toThrow(InputError)
  })
})
