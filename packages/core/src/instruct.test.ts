import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { Message } from './chat.ts'
import { InputError } from './errors.ts'
import { instruct } from './instruct.ts'
import { sentencePiece, sentencePieceTokenizer } from './sentencepiece.ts'
import { readSentencePieceModel, type SentencePieceModel } from './sentencepiece-model.ts'

interface Request {
  readonly messages: readonly Message[]
  readonly tools: readonly object[] | null
}
interface Golden {
  readonly texts: readonly { readonly text: string; readonly ids: number[] }[]
  readonly chats: readonly (Request & { readonly ids: number[]; readonly text: string })[]
  readonly refused: readonly (Request & { readonly error: string })[]
}
const root = new URL('../../../', import.meta.url)
const golden = (version: number): Golden =>
  JSON.parse(readFileSync(new URL(`conformance/goldens/mistral/v${version}.json`, root), 'utf8')) as Golden
const file = (folder: string): Uint8Array => readFileSync(new URL(`models/${folder}/tokenizer.model`, root))
const v3Model = readSentencePieceModel(file('mistral-7b-instruct-v0.3'), 'v3')
const tokenizers = {
  1: sentencePiece(file('mistral-7b-instruct-v0.2')),
  2: sentencePieceTokenizer(secondVersion(v3Model), 'v2'),
  3: sentencePieceTokenizer(v3Model, 'v3'),
}

/** The second version's pieces: those of the third but for 24 that had no use yet. */
function secondVersion(model: SentencePieceModel): SentencePieceModel {
  const unused = (id: number): boolean => (id >= 10 && id <= 13) || (id >= 751 && id <= 770)
  const pieces = model.pieces.map((piece, id) =>
    unused(id) ? { text: `[control_${id - 2}]`, score: 0, kind: 'control' as const } : piece,
  )
  return { ...model, pieces }
}

// Written by mistral-common; see conformance/goldens/mistral/make.py.
describe.each([1, 2, 3] as const)('instruct format, version %d', (version) => {
  const { texts, chats, refused } = golden(version)
  const chat = instruct(tokenizers[version], version)
  const options = ({ tools }: Request) => (tools === null ? {} : { tools })

  it.each(chats)('$messages', ({ ids, text, ...request }) => {
    const found = chat.encode(request.messages, options(request))
    expect([...found]).toEqual(ids)
    expect([...found].filter((id) => id === 1)).toEqual([1])
    // Pieces of single bytes are shown by their names.
    if (!text.includes('<0x')) expect(chat.render(request.messages, options(request))).toBe(text.replaceAll('▁', ' '))
  })

  it.each(refused)('refuses $messages: $error', (request) => {
    expect(() => chat.encode(request.messages, options(request))).toThrow(InputError)
  })

  it('encodes texts', () => {
    for (const { text, ids } of texts) expect([...tokenizers[version].encode(text)]).toEqual(ids)
  })
})

describe('instruct', () => {
  it('refuses a tokenizer without the control tokens of the version', () => {
    expect(() => instruct(tokenizers[1], 3)).toThrow(/version 3 needs the control tokens \[INST\] \[\/INST\]/)
  })

  it('says which message is wrong', () => {
    const { encode } = instruct(tokenizers[3], 3, 'm')
    const wrong = [{ role: 'user', content: 'a' }, { role: 'assistant', content: '' }] as const // prettier-ignore
    expect(() => encode(wrong)).toThrow(/^m: message 1: /)
  })

  it('refuses a prefix that is not last', () => {
    const messages: Message[] = [
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'b', prefix: true },
      { role: 'user', content: 'c' },
    ]
    expect(() => instruct(tokenizers[3], 3, 'm').encode(messages)).toThrow(/^m: message 1: a prefix must be last/)
  })

  it.each([
    ['tools that are no functions', [{ type: 'retrieval' }]],
    ['tools without a name', [{ type: 'function', function: {} }]],
    ['tools without a function', [{}]],
    ['tools of null', [null as unknown as object]],
  ])('refuses %s', (_, tools) => {
    expect(() => instruct(tokenizers[3], 3, 'm').encode([{ role: 'user', content: 'a' }], { tools })).toThrow(
      /^m: tool 0: /,
    )
  })

  const deep = JSON.parse(`${'{"a":'.repeat(1e5)}1${'}'.repeat(1e5)}`) as object
  const circle: { self?: object } = {}
  circle.self = circle
  it.each([
    ['values nested too deep', deep],
    ['values within themselves', circle],
    ['integers that JSON lacks', { a: 1n }],
  ])('refuses %s', (_, value) => {
    const { encode } = instruct(tokenizers[3], 3, 'm')
    const user = { role: 'user', content: 'a' } as const
    const tools = [{ type: 'function', function: { name: 'f', parameters: value } }]
    expect(() => encode([user], { tools })).toThrow(/^m: tool 0: expected what JSON can hold, found /)
    const call = (given: object): Message[] => [
      user,
      { role: 'assistant', content: '', tool_calls: [{ id: 'abcdefghi', function: { name: 'f', arguments: given } }] },
      { role: 'tool', tool_call_id: 'abcdefghi', content: '' },
    ]
    expect(() => encode(call(value))).toThrow(/^m: message 1: expected what JSON can hold, found /)
    expect(() => encode(call([value]))).toThrow(/^m: message 1: expected arguments as a string of JSON or an object/)
    expect(() => encode([{ role: 'user', content: value as unknown as string }])).toThrow(/^m: message 0: /)
    expect(() => encode([user], { tools: [{ type: value }] })).toThrow(/^m: tool 0: expected a function, found /)
  })
})
