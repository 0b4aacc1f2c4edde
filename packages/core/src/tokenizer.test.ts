import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { chat } from './chat.ts'
import { detokenizer } from './detokenizer.ts'
import { tokenizer } from './tokenizer.ts'

const folder = new URL('../../../models/smollm2-135m-instruct-fp8/', import.meta.url)
const smollm2 = tokenizer(readFileSync(new URL('tokenizer.json', folder), 'utf8'))
const template = readFileSync(new URL('chat_template.jinja', folder), 'utf8')
const conversation = chat(smollm2, template, { bos_token: '<|im_start|>', eos_token: '<|im_end|>' })

/** By Hugging Face tokenizers and transformers; see conformance/goldens/tokenizer/make.py. */
const golden = JSON.parse(
  readFileSync(new URL('../../../conformance/goldens/tokenizer/smollm2.json', import.meta.url), 'utf8'),
) as {
  texts: { text: string; ids: number[] }[]
  chats: { messages: { role: 'user'; content: string }[]; addGenerationPrompt: boolean; text: string; ids: number[] }[]
}
const controls = new Set(smollm2.control.values())

describe('SmolLM2: byte-level BPE', () => {
  it.each(golden.texts)('encodes $text', ({ text, ids }) => {
    expect([...smollm2.encode(text)]).toEqual(ids)
    expect(smollm2.decode(ids)).toBe(text)
  })

  it.each(golden.chats)(
    'renders and encodes a chat, as transformers does: $text',
    ({ messages, text, ids, ...options }) => {
      expect(conversation.render(messages, options)).toBe(text)
      expect([...conversation.encode(messages, options)]).toEqual(ids)
    },
  )

  it('gives every well-formed text back that it has bytes for', () => {
    // SmolLM2 has no tokens for the bytes 04, 06, 13, 14, 16, 1D, F1 and F2; Hugging Face drops those, too.
    const lost = /[\u0004\u0006\u0013\u0014\u0016\u001d\u{40000}-\u{bffff}]/gu
    const text = fc.string({ unit: 'binary', maxLength: 60 }).map((s) => s.replace(lost, ''))
    fc.assert(
      fc.property(text, (s) => {
        expect(smollm2.decode(smollm2.encode(s))).toBe(s)
      }),
      { seed: 1, numRuns: 200 },
    )
  })

  it('streams exactly what it decodes, and never half a character', () => {
    const ids = fc.array(fc.nat(smollm2.size - 1), { maxLength: 30 })
    fc.assert(
      fc.property(ids, (all) => {
        const stream = detokenizer(smollm2)
        const pieces = all.map((id) => stream.push(id))
        expect(pieces.join('') + stream.end()).toBe(smollm2.decode(all))
      }),
      { seed: 2, numRuns: 300 },
    )
    const stream = detokenizer(smollm2)
    for (const id of smollm2.encode('👩‍👩‍👧‍👦 𐍈 नमस्ते')) expect(stream.push(id)).not.toContain('\ufffd')
  })

  it('never makes a control token of what a user writes', () => {
    const fragments = [...smollm2.control.keys()].flatMap((token) => [token, token.slice(0, 4), token.slice(4)])
    const hostile = fc.array(
      fc.oneof(fc.constantFrom(...fragments, '\ue000', '\n', 'user'), fc.string({ maxLength: 3 })),
    )
    const countControls = (ids: Iterable<number>) => [...ids].filter((id) => controls.has(id)).length
    fc.assert(
      fc.property(hostile, hostile, (a, b) => {
        const [first, second] = [a.join(''), b.join('')]
        expect(countControls(smollm2.encode(first))).toBe(0)
        const messages = (x: string, y: string) =>
          [
            { role: 'system', content: x },
            { role: 'user', content: y },
          ] as const
        const ids = conversation.encode(messages(first, second))
        expect(countControls(ids)).toBe(countControls(conversation.encode(messages('a', 'b'))))
        expect(smollm2.decode(ids, { control: true })).toBe(conversation.render(messages(first, second)))
      }),
      { seed: 3, numRuns: 300 },
    )
  })

  it('refuses ids outside the vocabulary and files that are no tokenizer', () => {
    expect(() => smollm2.bytes(49152)).toThrow('token 49152 is outside the vocabulary of 49152')
    expect(() => tokenizer('{')).toThrow('tokenizer.json: not JSON')
    expect(() => tokenizer('{"model":{"type":"WordPiece","vocab":{}}}')).toThrow(
      'model.type is "WordPiece", expected "BPE"',
    )
  })
})
