import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isJsonBeginning } from './json-beginning.ts'

test('every beginning of what JSON.stringify writes is one', () => {
  fc.assert(
    fc.property(fc.jsonValue(), fc.constantFrom(undefined, 1), (value, indent) => {
      const text = JSON.stringify(value, null, indent)
      for (let end = 0; end <= text.length; end++) expect(isJsonBeginning(text.slice(0, end))).toBe(true)
    }),
    { seed: 1, numRuns: 200 },
  )
})

test('escapes, exponents and white space are cut anywhere', () => {
  for (const text of ['"a\\u00fc\\n\\\\\\""', '-1.5e+10', ' { "a" : [ true , null ] } ', '[false,{"":{}}]']) {
    for (let end = 0; end <= text.length; end++) expect(isJsonBeginning(text.slice(0, end))).toBe(true)
  }
})

test('what no end makes JSON is none', () => {
  const texts = ['{a', '{"a"]', '[1 2', '"\u0001', '"\\x', '01', '-a', 'tru ', 'x', '{"a":1,}', '[,', '{} {', '1e1.']
  for (const text of texts) expect([text, isJsonBeginning(text)]).toEqual([text, false])
})
