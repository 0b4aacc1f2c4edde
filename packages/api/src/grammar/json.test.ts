import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { Pushdown } from './pushdown.ts'
import { compile } from './compile.ts'
import { jsonGrammar } from './json.ts'
import { accepts, completed, read } from './run.fixture.ts'

const compact = new Pushdown(compile(jsonGrammar({ whitespace: false })))
const spaced = new Pushdown(compile(jsonGrammar()))

function parses(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

/** Documents, and what a slip of the finger makes of them. */
const documents = fc.jsonValue({ stringUnit: 'binary' }).map((value) => JSON.stringify(value))
const slips = fc
  .tuple(
    documents,
    fc.nat(),
    fc.constantFrom('', ',', '"', '0', '-', '.', 'e', '}', ']', '{', '\\', 'u', 'd', '\x1f', '\x7f'),
  )
  .map(([text, at, slip]) => {
    const place = at % (text.length + 1)
    return text.slice(0, place) + slip + text.slice(place + 1)
  })
  .filter((text) => !/\p{Surrogate}/u.test(text))

describe('jsonGrammar', () => {
  it('accepts what JSON.stringify writes', () => {
    fc.assert(
      fc.property(documents, (text) => accepts(compact, text)),
      { seed: 1, numRuns: 2000 },
    )
  })

  it('accepts what JSON.stringify writes over several lines', () => {
    const shallow = fc.jsonValue({ maxDepth: 1 }).map((value) => JSON.stringify(value, null, 2))
    fc.assert(
      fc.property(shallow, (text) => accepts(spaced, text)),
      { seed: 1, numRuns: 1000 },
    )
    expect(accepts(spaced, '[1,    2]')).toBe(false)
    expect(accepts(compact, '[1, 2]')).toBe(false)
    expect(accepts(spaced, ' 1')).toBe(false)
  })

  it('accepts nothing that JSON.parse refuses, and all else that is compact and has whole surrogates', () => {
    fc.assert(
      fc.property(slips, (text) => {
        if (accepts(compact, text)) expect(parses(text)).toBe(true)
        else if (parses(text)) expect(text).toMatch(/[ \t\n\r]|\\u[dD]/)
      }),
      { seed: 2, numRuns: 5000 },
    )
  })

  it.each([
    ['"\\ud83d\\ude42"', true],
    ['"\\ud83d"', false],
    ['"\\ude42"', false],
    ['"\\ud83d\\u0041"', false],
    ['"\\uD7FF\\uE000\\uDbFf\\uDc00"', true],
  ])('%s: %s', (text, accepted) => {
    expect(accepts(compact, text)).toBe(accepted)
  })

  it('reads just the bytes that are UTF-8, by the decoder', () => {
    const bytes = fc.array(
      fc.constantFrom(0x41, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xe0, 0xed, 0xef, 0xf0, 0xf4, 0xf5),
      {
        maxLength: 5,
      },
    )
    fc.assert(
      fc.property(bytes, (bytes) => {
        const text = Uint8Array.of(0x22, ...bytes, 0x22)
        let well = true
        try {
          new TextDecoder('utf-8', { fatal: true }).decode(text)
        } catch {
          well = false
        }
        expect(accepts(compact, text)).toBe(well)
      }),
      { seed: 3, numRuns: 20000 },
    )
  })

  it('never is at a dead end: what begins a document can be completed', () => {
    fc.assert(
      fc.property(documents, fc.nat(), (text, at) => {
        const bytes = new TextEncoder().encode(text)
        const prefix = bytes.subarray(0, at % bytes.length)
        const whole = completed(compact, prefix)
        expect(whole.subarray(0, prefix.length)).toEqual(prefix)
        expect(parses(new TextDecoder('utf-8', { fatal: true }).decode(whole))).toBe(true)
      }),
      { seed: 4, numRuns: 500 },
    )
  })

  it('reads nesting of any depth', () => {
    const deep = '['.repeat(10_000)
    expect(accepts(compact, deep + ']'.repeat(10_000))).toBe(true)
    expect(accepts(compact, deep + ']'.repeat(9_999))).toBe(false)
    expect(read(compact, ']')).toBeNull()
  })
})
