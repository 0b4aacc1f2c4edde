import fc from 'fast-check'
import { expect, test } from 'vitest'
import { parseJsonText } from './json-text.ts'

const read = (text: string | Uint8Array): unknown => parseJsonText(Buffer.from(text), 'a.json')

test('reads what JSON.parse reads, and refuses what it refuses', () => {
  const spaced = fc.tuple(fc.jsonValue({ stringUnit: 'binary' }), fc.constantFrom(0, 2, '\t', '\r\n'))
  const slips = fc.constantFrom(
    '',
    ',',
    '"',
    '\\',
    '\\u',
    '}',
    '[',
    '0',
    '-',
    '.',
    'e',
    ' ',
    '\x00',
    '\u2028',
    '//',
    ':',
  )
  fc.assert(
    fc.property(spaced, fc.nat(), slips, ([value, space], at, slip) => {
      const whole = JSON.stringify(value, null, space)
      const place = at % (whole.length + 1)
      // Half of a surrogate pair cannot be written in UTF-8.
      const text = Buffer.from(whole.slice(0, place) + slip + whole.slice(place)).toString()
      let expected: unknown
      try {
        expected = JSON.parse(text)
      } catch {
        expect(() => read(text)).toThrow(/^a\.json:\d+:\d+: not JSON: expected .*, found/)
        return
      }
      expect(read(text)).toEqual(expected)
    }),
    { seed: 5, numRuns: 1000 },
  )
  expect(read('"\\ud800"')).toBe('\ud800')
})

test('says where', () => {
  expect(() => read('{\n  "é": tru\n}')).toThrow('a.json:2:11: not JSON: expected e, found "\\n"')
  expect(() => read('{"a": 1')).toThrow('a.json:1:8: not JSON: expected')
  expect(() => read('')).toThrow('a.json:1:1: not JSON: expected')
  expect(() => read('{"a": 1,}')).toThrow('a.json:1:9: not JSON: expected')
  expect(() => read('\ufeff{}')).toThrow('a.json: begins with a byte-order mark')
  expect(() => read(Uint8Array.of(0x22, 0xff, 0x22))).toThrow('a.json:1:2: not JSON')
})

test('a key that comes twice, however it is written', () => {
  expect(() => read('{"a": 1,\n "b": [{"c": 1, "\\u0063": 2}]}')).toThrow('a.json:2:17: the key "\\u0063" is twice')
  expect(read('{"a": {"a": "a"}, "b": [{"a": 1}, {"a": ["a", "a"]}], "\\\\": "\\"a\\":", "{": "}"}')).toEqual({
    a: { a: 'a' },
    b: [{ a: 1 }, { a: ['a', 'a'] }],
    '\\': '"a":',
    '{': '}',
  })
})
