import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Message } from './chat.ts'
import { InputError, UnsupportedError } from './errors.ts'
import { instruct } from './instruct.ts'
import { tekken } from './tekken.ts'

interface Encoded {
  readonly text: string
  readonly ids: number[]
}
interface Request {
  readonly messages: readonly Message[]
  readonly tools: readonly object[] | null
}
interface Golden {
  readonly texts: readonly Encoded[]
  readonly decodes: readonly Encoded[]
  readonly chats: readonly (Request & Encoded)[]
  readonly refused: readonly (Request & { readonly error: string })[]
  readonly listed: {
    readonly special_tokens: readonly object[]
    readonly default_vocab_size: number
    readonly default_num_special_tokens: number
    readonly version: string
    readonly pieces: string[]
    readonly texts: readonly Encoded[]
  }
}
const folder = new URL('../../../conformance/goldens/mistral/', import.meta.url)
const read = (name: string): string => readFileSync(new URL(name, folder), 'utf8')
// Written by mistral-common from the first ranks of the published file; see conformance/goldens/mistral/make.py.
const file = read('tekken.json')
const { texts, decodes, chats, refused, listed } = JSON.parse(read('tekken-ids.json')) as Golden

const source = JSON.parse(file) as { readonly config: object; readonly vocab: readonly object[] }
/** The file with other settings. */
const changed = (config: object, more: object = {}): string =>
  JSON.stringify({ ...source, config: { ...source.config, ...config }, ...more })
/** The file with an entry of its vocabulary changed. */
const entry = (rank: number, change: object | null): string =>
  changed({}, { vocab: source.vocab.map((token, i) => (i === rank ? change && { ...token, ...change } : token)) })

describe('Tekken', () => {
  const tokenizer = tekken(file)

  it.each(texts)('$text', ({ text, ids }) => {
    expect([...tokenizer.encode(text)]).toEqual(ids)
    expect(tokenizer.decode(ids)).toBe(text)
  })

  it.each(decodes)('$ids', ({ ids, text }) => {
    expect(tokenizer.decode(ids)).toBe(text)
  })

  it('has the special tokens of mistral-common, and what the file counts of its ranks', () => {
    const { size, control, prefix, version } = tokenizer
    expect([size, control.size, prefix, version]).toEqual([2564, 64, [1], 'v3'])
    expect([control.get('[TOOL_CONTENT]'), control.get('<SPECIAL_20>'), control.get('<SPECIAL_63>')]).toEqual([
      19, 20, 63,
    ])
    expect(tekken(file, 'm', { addBos: false }).prefix).toEqual([])
  })

  it('reads listed special tokens, of a later version', () => {
    const { special_tokens, pieces, texts: encoded, ...config } = listed
    const later = tekken(changed(config, { special_tokens }))
    expect([...later.control.keys()]).toEqual(pieces)
    expect([...later.control.values()]).toEqual(pieces.map((_, id) => id))
    expect([later.version, later.size]).toEqual(['v13', config.default_vocab_size])
    for (const { text, ids } of encoded) expect([...later.encode(text)]).toEqual(ids)
  })

  it('gives back any text, without control tokens', () => {
    const part = fc.oneof(fc.string({ unit: 'binary' }), fc.constantFrom('<s>', '[INST]', ' ', '\n', '<SPECIAL_20>'))
    const text = fc.array(part, { maxLength: 8 }).map((parts) => parts.join(''))
    fc.assert(
      fc.property(text, (value) => {
        const ids = tokenizer.encode(value)
        expect(tokenizer.decode(ids)).toBe(value)
        expect([...ids].filter((id) => id < 64)).toEqual([])
      }),
      { seed: 6, numRuns: 300 },
    )
  })

  it('finds control tokens in a template alone', () => {
    const [word] = tokenizer.encode('a')
    expect([...tokenizer.encodeTemplate('<s>[INST]a[/INST]a')]).toEqual([1, 3, word, 4, word])
    expect(tokenizer.decode([1, word, 4])).toBe('a')
    expect(tokenizer.decode([1, word, 4], { control: true })).toBe('<s>a[/INST]')
  })
})

describe('the instruct format of Tekken, version 3', () => {
  const chat = instruct(tekken(file), 3)
  const options = ({ tools }: Request) => (tools === null ? {} : { tools })

  it.each(chats)('$text', ({ ids, text, ...request }) => {
    expect([...chat.encode(request.messages, options(request))]).toEqual(ids)
    expect(chat.render(request.messages, options(request))).toBe(text)
  })

  it.each(refused)('refuses $messages: $error', (request) => {
    expect(() => chat.encode(request.messages, options(request))).toThrow(InputError)
  })
})

describe('refuses', () => {
  const special = (rank: unknown, token_str: unknown) => ({ rank, token_str, is_control: true })
  const listing = (...special_tokens: unknown[]): string => changed({}, { special_tokens })

  it.each<[string, string, RegExp]>([
    ['what is not JSON', file.slice(0, 5000), /^m: not JSON/],
    ['what is not an object', '[]', /^m: expected an object, found \[\]/],
    ['no settings', '{}', /^m: config: expected an object, found nothing/],
    ['no vocabulary', changed({}, { vocab: undefined }), /^m: 0 tokens in vocab, .* is 2500/],
    [
      'less than it counts',
      changed({}, { vocab: source.vocab.slice(0, 2499) }),
      /^m: 2499 tokens in vocab, .* is 2500/,
    ],
    ['less than the bytes', changed({ default_vocab_size: 319 }), /is 255, expected 256 to 2600/],
    ['a size of no integer', changed({ default_vocab_size: '2564' }), /^m: config\.default_vocab_size: expected/],
    [
      'a rank out of order',
      entry(300, { rank: 301 }),
      /^m: vocab: expected bytes in base64 of rank 300, found \{"rank":301/,
    ],
    ['a hole', entry(300, null), /rank 300, found null/],
    ['what is not base64', entry(300, { token_bytes: 'a%==' }), /bytes in base64 of rank 300/],
    ['base64 with bits left over', entry(300, { token_bytes: 'YR==' }), /bytes in base64 of rank 300/],
    ['no bytes', entry(300, { token_bytes: '' }), /bytes in base64 of rank 300/],
    ['bytes that are no string', entry(300, { token_bytes: 97 }), /bytes in base64 of rank 300/],
    ['another first byte', entry(97, { token_bytes: 'Yg==' }), /^m: vocab: expected the byte 97 of rank 97/],
    ['the same twice', entry(300, { token_bytes: 'ICA=' }), /^m: vocab: ranks 256 and 300 have the same bytes/],
    ['special tokens that are no list', changed({}, { special_tokens: {} }), /^m: special_tokens: expected a list/],
    [
      'special tokens out of order',
      listing(special(1, '<s>')),
      /special_tokens: expected a token_str of rank 0, found \{"rank":1/,
    ],
    ['special tokens without text', listing(special(0, null)), /special_tokens: expected a token_str of rank 0/],
    ['empty special tokens', listing(special(0, '')), /special_tokens: expected a token_str of rank 0/],
    ['special tokens of null', listing(null), /special_tokens: expected a token_str of rank 0, found null/],
    ['equal special tokens', listing(special(0, 'a'), special(1, 'a')), /^m: special_tokens: two have the same text/],
    ['more special tokens than it counts', changed({ default_num_special_tokens: 19 }), /at least 20, found 19/],
    [
      'a billion special tokens',
      changed({ default_num_special_tokens: 1e9, default_vocab_size: 1e9 + 300 }),
      /at most 65536, found 1000000000/,
    ],
    [
      'a later version without special tokens',
      changed({ version: 'v11' }),
      /^m: special_tokens: expected a list, found nothing/,
    ],
  ])('%s', (_, json, message) => {
    expect(() => tekken(json, 'm')).toThrow(InputError)
    expect(() => tekken(json, 'm')).toThrow(message)
  })

  it.each([
    ['another pattern', { pattern: '(a+)+b' }, /^m: config\.pattern is "\(a\+\)\+b", expected /],
    ['no version', { version: undefined }, /^m: config\.version is nothing, expected v3, v7/],
    ['a version to come', { version: 'v16' }, /^m: config\.version is "v16", expected v3, v7/],
  ])('%s, as not supported', (_, config, message) => {
    expect(() => tekken(changed(config), 'm')).toThrow(UnsupportedError)
    expect(() => tekken(changed(config), 'm')).toThrow(message)
  })
})

// A tenth of a second or two on an idle machine; something quadratic would take minutes.
describe('speed', () => {
  const tokenizer = tekken(file)
  const units = ['a', 'A', 'aB', ' ', '\n', ' \n', '🌍', 'é', '你', '7', 'word ', '  ab\n', '!', '\u0301']
  it.each(units)('200 kB of %j', { timeout: 20_000 }, (unit) => {
    const text = unit.repeat(200_000 / new TextEncoder().encode(unit).length)
    expect(tokenizer.decode(tokenizer.encode(text))).toBe(text)
  })
})
