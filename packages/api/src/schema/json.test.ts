import { expect, test } from 'vitest'
import { parseJson } from './json.ts'
import { refusal } from './requests.fixture.ts'

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
const refused = (body: string | Uint8Array): string => {
  const error = refusal(() => parseJson(typeof body === 'string' ? bytes(body) : body))
  expect(error).toMatchObject({ status: 400, type: 'invalid_request_error', param: null })
  return error.message
}

test('what JSON.parse reads is read', () => {
  for (const text of ['{}', '[]', 'null', '5', '"x"', ' {"a": [1, {"b": "c"}]} ', '{"a,{[": "]}\\"", "b\\"": 1}']) {
    expect(parseJson(bytes(text))).toEqual(JSON.parse(text))
  }
})

test('a byte-order mark is taken off', () => {
  expect(parseJson(bytes('\ufeff{"a":1}'))).toEqual({ a: 1 })
})

test('an empty body', () => {
  for (const body of ['', ' ', '\n\t\r\n', '\ufeff'])
    expect(refused(body)).toBe('the body is empty, expected a JSON object')
})

test('bytes that are not UTF-8, as RFC 3629 defines it', () => {
  // A lone byte of the middle, one that never occurs, overlong forms, a surrogate, beyond U+10FFFF, a character cut off.
  const wrong = [
    [0x80],
    [0xff],
    [0xc0, 0xaf],
    [0xe0, 0x80, 0xaf],
    [0xed, 0xa0, 0x80],
    [0xf4, 0x90, 0x80, 0x80],
    [0xe6, 0xbc],
  ]
  for (const inside of wrong) {
    expect(refused(Uint8Array.from([0x22, ...inside, 0x22]))).toBe('the body is not UTF-8, expected JSON in UTF-8')
  }
  // UTF-16, with and without its mark.
  expect(refused(Uint8Array.from([0xff, 0xfe, 0x7b, 0, 0x7d, 0]))).toContain('not UTF-8')
  expect(refused(Uint8Array.from([0x7b, 0, 0x7d, 0]))).toContain('not JSON')
})

test('what is not JSON', () => {
  const wrong = [
    '{',
    '}',
    '{"a"',
    '{"a":}',
    '{"a":1,}',
    '[1,]',
    "{'a':1}",
    '{a:1}',
    '{"a":1}x',
    '{"a":1}{}',
    'undefined',
    'NaN',
  ]
  const more = [
    '{"a":Infinity}',
    '{"a":01}',
    '{"a":+1}',
    '{"a":"\t"}',
    '{"a":"\\x"}',
    '{"\\x":1}',
    '{"a',
    '"\\',
    '// x\n{}',
  ]
  for (const body of [...wrong, ...more]) expect(refused(body), body).toContain('the body is not JSON: ')
})

test('nesting to a depth of 128, and not beyond, without a stack', () => {
  const nested = (depth: number, open = '[', close = ']') => open.repeat(depth) + close.repeat(depth)
  expect(parseJson(bytes(nested(128)))).toBeInstanceOf(Array)
  expect(parseJson(bytes(`${'{"a":'.repeat(128)}1${'}'.repeat(128)}`))).toBeInstanceOf(Object)
  const deep = 'the body is nested more than 128 levels deep'
  expect(refused(nested(129))).toBe(deep)
  expect(refused(`${'{"a":'.repeat(129)}1${'}'.repeat(129)}`)).toBe(deep)
  const started = performance.now()
  expect(refused(nested(1e6))).toBe(deep)
  expect(refused('['.repeat(1e6))).toBe(deep)
  expect(refused('{"a":'.repeat(4e5))).toBe(deep)
  expect(performance.now() - started).toBeLessThan(1000)
})

test('brackets in strings do not nest', () => {
  const text = JSON.stringify({ a: '[{'.repeat(1000), ['\\"['.repeat(1000)]: 1 })
  expect(parseJson(bytes(text))).toEqual(JSON.parse(text))
})

test('more values than a context could hold', () => {
  const zeros = (count: number) => `[${new Uint8Array(count).join()}]`
  expect(parseJson(bytes(zeros(2 ** 19)))).toHaveLength(2 ** 19)
  expect(refused(zeros(2 ** 19 + 2))).toBe('the body has more than 524288 values')
})

test('more keys than an object could mean', () => {
  const keyed = (count: number) =>
    JSON.stringify(Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, i])))
  expect(parseJson(bytes(`[${keyed(8192)},${keyed(8192)}]`))).toHaveLength(2)
  expect(refused(keyed(8193))).toBe('the body has an object of more than 8192 keys')
})

test('a key twice in one object, however it is written', () => {
  const twice = 'the body has the key "a" twice in one object'
  expect(refused('{"a":1,"a":2}')).toBe(twice)
  expect(refused('{"a":1,"b":{"a":1},"a":1}')).toBe(twice)
  expect(refused('{"a":1,"\\u0061":2}')).toBe(twice)
  expect(refused('[{"b":[{"a":[],"a":{}}]}]')).toBe(twice)
})

test('the same key in different objects, and as a value', () => {
  for (const text of ['[{"a":1},{"a":1}]', '{"a":{"a":{"a":1}},"b":"a"}', '{"a":["a","a"],"b":["a"]}']) {
    expect(parseJson(bytes(text))).toEqual(JSON.parse(text))
  }
})

test('keys that lead to prototypes', () => {
  expect(refused('{"a":{"__proto__":{"temperature":0}}}')).toBe(
    'the body has the key "__proto__", which no field is called',
  )
  expect(refused('{"\\u005f_proto__":1}')).toContain('"__proto__"')
  expect(parseJson(bytes('{"constructor":1,"toString":2,"hasOwnProperty":3}'))).toEqual({
    ...{ constructor: 1, toString: 2, hasOwnProperty: 3 },
  })
  expect(({} as Record<string, unknown>)['temperature']).toBeUndefined()
})

test('lone surrogates pass: they are what the tokenizer makes of them', () => {
  expect(parseJson(bytes('{"a":"\\ud83d"}'))).toEqual({ a: '\ud83d' })
})
