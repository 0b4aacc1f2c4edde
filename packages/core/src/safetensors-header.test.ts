import { describe, expect, test } from 'vitest'
import { InputError } from './errors.ts'
import { headerLength, parseHeader } from './safetensors-header.ts'

const encoder = new TextEncoder()

/** Parses a header, in a file of `dataSize` bytes of data. */
function parse(header: string | Uint8Array, dataSize = 0) {
  return parseHeader('file', typeof header === 'string' ? encoder.encode(header) : header, dataSize)
}

/** A header of one tensor "a" with these JSON texts as its fields. */
function one(dtype: string, shape: string, offsets: string): string {
  return `{"a":{"dtype":${dtype},"shape":${shape},"data_offsets":${offsets}}}`
}

/** A header of U8 vectors at these offsets. */
function vectors(places: Record<string, readonly [number, number]>): string {
  const entry = ([begin, end]: readonly [number, number]) => ({
    dtype: 'U8',
    shape: [end - begin],
    data_offsets: [begin, end],
  })
  return JSON.stringify(Object.fromEntries(Object.entries(places).map(([name, place]) => [name, entry(place)])))
}

/** Asserts the whole message, which ends the "file: " that all begin with. */
function expectRefusal(action: () => unknown, message: string | RegExp): void {
  expect(action).toThrow(InputError)
  expect(action).toThrow(typeof message === 'string' ? new InputError(`file: ${message}`) : message)
}

const good = { dtype: '"U8"', shape: '[2]', offsets: '[0,2]' }

describe('what is accepted', () => {
  test('no tensors at all', () => {
    expect(parse('{}').entries.size).toBe(0)
    expect(parse('{"__metadata__":{}}').metadata.size).toBe(0)
  })

  test('metadata, any order of fields and tensors, white space, padding', () => {
    const { metadata, entries } = parse(
      '{ "b" : {"data_offsets":[4,6], "shape":[2 ,1],\n"dtype":"U8"},' +
        '"__metadata__":{"k":"v","":""},"a":{"dtype":"F32","shape":[],"data_offsets":[0,4]}}   ',
      6,
    )
    expect([...metadata]).toEqual([
      ['k', 'v'],
      ['', ''],
    ])
    expect([...entries]).toEqual([
      ['b', { dtype: 'U8', shape: [2, 1], begin: 4, end: 6 }],
      ['a', { dtype: 'F32', shape: [], begin: 0, end: 4 }],
    ])
  })

  test('tensors of no bytes, wherever they join', () => {
    const places = { b: [0, 4], a: [0, 0], c: [4, 4], e: [4, 6], d: [4, 4], f: [6, 6] } as const
    expect([...parse(vectors(places), 6).entries.keys()]).toEqual(['b', 'a', 'c', 'e', 'd', 'f'])
    expect(parse(one('"F64"', '[3,0,5]', '[0,0]')).entries.get('a')!.shape).toEqual([3, 0, 5])
  })

  test('names that are traps elsewhere, and escapes', () => {
    const names = ['constructor', 'toString', 'hasOwnProperty', '\ufeff', '', 'é😀', '"\\/\b\f\n\r\t\u0001']
    const header = vectors(Object.fromEntries(names.map((name) => [name, [0, 0] as const])))
    expect([...parse(header).entries.keys()]).toEqual(names)
    const escaped = String.raw`{"\u0041\ud83d\ude00\/":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}`
    expect([...parse(escaped).entries.keys()]).toEqual(['A😀/'])
  })

  test('the largest length there can be', () => {
    const { begin, end } = parse(one('"U8"', `[${2 ** 53 - 1}]`, `[0,${2 ** 53 - 1}]`), 2 ** 53 - 1).entries.get('a')!
    expect([begin, end]).toEqual([0, 2 ** 53 - 1])
  })
})

describe('the length of the header', () => {
  const prefix = (value: bigint) => new Uint8Array(BigUint64Array.of(value).buffer)

  test.each([
    [0n, 8, 0],
    [2n, 10, 2],
    [100_000_000n, 2e8, 100_000_000],
  ])('%d in %d bytes', (value, size, expected) => {
    expect(headerLength('file', prefix(value), size)).toBe(expected)
  })

  test.each([
    [3n, 10, 2],
    [100_000_001n, 2e8, 100_000_000],
    [2n ** 63n, 10, 2],
    [2n ** 64n - 1n, 10, 2],
    // Would be 2 if the upper half of the field were ignored.
    [2n ** 32n + 2n, 10, 2],
  ])('%d in %d bytes is refused', (value, size, limit) => {
    const message = `expected a header of at most ${limit} bytes in a file of ${size}, found ${value}`
    expectRefusal(() => headerLength('file', prefix(value), size), message)
  })
})

describe('the grammar', () => {
  test.each([
    ['', 'expected a header that starts with {, found byte none'],
    [' {}', 'expected a header that starts with {, found byte 32'],
    ['[]', 'expected a header that starts with {, found byte 91'],
    ['\ufeff{}', 'expected a header that starts with {, found byte 239'],
    ['{', 'expected " at byte 9, found the end'],
    ['{}\n', 'expected the end at byte 10, found "\\n"'],
    ['{}\0', 'expected the end at byte 10, found "\\u0000"'],
    ['{}{}', 'expected the end at byte 10, found "{}"'],
    ['{} {}', 'expected the end at byte 11, found "{}"'],
    ['{a:1}', 'expected " at byte 9, found "a:1}"'],
    ['{"a" 1}', 'expected : at byte 13, found "1}"'],
    ['{"a":1}', 'expected { at byte 13, found "1}"'],
    ['{"a":null}', 'expected { at byte 13, found "null}"'],
    ['{"__metadata__":null}', 'expected { at byte 24, found "null}"'],
    ['{"__metadata__":{"k":1}}', 'expected " at byte 29, found "1}}"'],
    ['{"__metadata__":{"k":{}}}', 'expected " at byte 29, found "{}}}"'],
    ['{"__metadata__":{"k":"v",}}', 'expected " at byte 33, found "}}"'],
    ['{"__metadata__":{"k":"v"}', 'expected } at byte 33, found the end'],
    ['{"__metadata__":{"k":"v}}', 'expected a closing quote at byte 33, found the end'],
    ['{"__metadata__":{"k":"v\\', 'expected a closing quote at byte 32, found the end'],
    ['{"__metadata__":{"k":"v\n"}}', 'expected a closing quote at byte 31, found "\\n\\"}}"'],
    ['{"__metadata__":{"k":"\\x"}}', 'expected a string with valid escapes at byte 30, found "\\\\x\\"}}"'],
    ['{"__metadata__":{"k":"\\u12g4"}}', 'expected a string with valid escapes at byte 30, found "\\\\u12g4\\"}}"'],
    ['{"__metadata__":{"k":"\\ud800"}}', /expected a string without half of a surrogate pair at byte 30/],
    ['{"__metadata__":{"k":"\\udc00\\ud800"}}', /expected a string without half of a surrogate pair at byte 30/],
  ])('%j', (header, message) => expectRefusal(() => parse(header), message))

  test.each([
    ['{"é":1}', [0x22, 0xe9, 0x22]],
    ['overlong', [0x22, 0xc0, 0x80, 0x22]],
    ['a surrogate', [0x22, 0xed, 0xa0, 0x80, 0x22]],
  ])('invalid UTF-8: %s', (_, key) => {
    expectRefusal(() => parse(Uint8Array.of(0x7b, ...key, 0x3a)), /^file: expected UTF-8 at byte 10, found/)
  })

  test('every header is refused when cut, at any byte', () => {
    const header = `{"__metadata__":{"k":"\\u00e9é"},${one(good.dtype, good.shape, good.offsets).slice(1)}`
    const bytes = encoder.encode(header)
    expect(parse(bytes, 2).entries.size).toBe(1)
    for (let length = 0; length < bytes.length; length++) {
      expect(() => parse(bytes.subarray(0, length), 2), String(length)).toThrow(InputError)
    }
  })

  test.each([
    ['{"__metadata__":{},"__metadata__":{}}', 'a key not seen before at byte 27, found "\\"__metadata__\\":{}}"'],
    ['{"__metadata__":{"k":"1","k":"2"}}', 'a key not seen before at byte 33, found "\\"k\\":\\"2\\"}}"'],
    ['{"__metadata__":{"k":"1","\\u006b":"2"}}', /a key not seen before at byte 33/],
    [`${vectors({ a: [0, 0] }).slice(0, -1)},${vectors({ a: [0, 0] }).slice(1)}`, /a key not seen before at byte 61/],
    ['{"a":{"dtype":"U8","dtype":"U8"}}', /a key not seen before at byte 27/],
    ['{"__proto__":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}', /a key other than "__proto__" at byte 9/],
    ['{"\\u005f_proto__":{}}', /a key other than "__proto__" at byte 9/],
    ['{"__metadata__":{"__proto__":""}}', /a key other than "__proto__" at byte 25/],
    ['{"a":{"__proto__":[]}}', /a key other than "__proto__" at byte 14/],
  ])('keys: %s', (header, message) => {
    expectRefusal(() => parse(header), typeof message === 'string' ? `expected ${message}` : message)
  })
})

describe('numbers', () => {
  test.each([
    '-1',
    '-0',
    '+1',
    '2.0',
    '2e0',
    '2E0',
    '02',
    '.2',
    '2.',
    '',
    '"2"',
    'null',
    'true',
    'NaN',
    'Infinity',
    '0x2',
    '[2]',
    '2_0',
    '9007199254740992',
    '18446744073709551616',
  ])('%s is no size and no offset', (text) => {
    const expected = /^file: expected (a whole number|a number of at most|]|,)/
    expectRefusal(() => parse(one('"U8"', `[${text || ','}]`, '[0,2]'), 2), expected)
    expectRefusal(() => parse(one('"U8"', '[2]', `[${text || ','},2]`), 2), expected)
    expectRefusal(() => parse(one('"U8"', '[2]', `[0,${text}]`), 2), expected)
  })

  test('nor are a million digits, which are not even looked at', () => {
    const message = 'expected a number of at most 400 characters at byte 36, found "111111111111111111111111"'
    expectRefusal(() => parse(one('"U8"', `[${'1'.repeat(1_000_000)}]`, '[0,2]'), 2), message)
    expectRefusal(() => parse(one('"U8"', `[${'1'.repeat(400)}]`, '[0,2]'), 2), /expected a whole number/)
  })

  test('the message says where, and what is wanted', () => {
    expectRefusal(
      () => parse(one('"U8"', '[2.0]', '[0,2]'), 2),
      'expected a whole number from 0 to 2^53 - 1, in digits alone at byte 36, found "2.0],\\"data_offsets\\":[0,2"',
    )
  })
})

describe('a tensor', () => {
  const dtypes = 'F64, F32, F16, BF16, F8_E4M3, F8_E5M2, I8, U8, I32, I64'
  test.each([
    ['{"a":{}}', 'expected dtype, shape and data_offsets, found none'],
    ['{"a":{"dtype":"U8","shape":[2]}}', 'expected dtype, shape and data_offsets, found dtype, shape'],
    ['{"a":{"dtype":"U8","data_offsets":[0,2]}}', 'expected dtype, shape and data_offsets, found dtype, data_offsets'],
    ['{"a":{"shape":[2],"data_offsets":[0,2]}}', 'expected dtype, shape and data_offsets, found shape, data_offsets'],
    ['{"a":{"dtype":"U8","stride":[2]}}', 'expected dtype, shape and data_offsets, found "stride"'],
    [one('"U7"', '[2]', '[0,2]'), `expected a dtype of ${dtypes}, found "U7"`],
    [one('"u8"', '[2]', '[0,2]'), `expected a dtype of ${dtypes}, found "u8"`],
    [one('"constructor"', '[2]', '[0,2]'), `expected a dtype of ${dtypes}, found "constructor"`],
    [one('"U8"', '[2]', '[]'), 'expected two data_offsets, found 0'],
    [one('"U8"', '[2]', '[0]'), 'expected two data_offsets, found 1'],
    [one('"U8"', '[2]', '[0,2,2]'), 'expected two data_offsets, found 3'],
    [one('"U8"', '[2]', '[2,0]'), 'expected 2 bytes for U8 "[2]", found data_offsets [2, 0]'],
    [one('"F32"', '[2]', '[0,2]'), 'expected 8 bytes for F32 "[2]", found data_offsets [0, 2]'],
    [one('"F64"', '[]', '[0,2]'), 'expected 8 bytes for F64 "[]", found data_offsets [0, 2]'],
    [one('"U8"', '[2,0]', '[0,2]'), 'expected 0 bytes for U8 "[2,0]", found data_offsets [0, 2]'],
    [one('"F32"', '[9007199254740991]', '[0,2]'), 'expected fewer than 2^53 bytes, found shape "[9007199254740991]"'],
    // 2⁶⁴ + 2: equal to the two bytes of the file in arithmetic modulo 2⁶⁴.
    [one('"U8"', '[239075442,77158673929]', '[0,2]'), /^file: tensor "a": expected fewer than 2\^53 bytes/],
    [one('"U8"', '[4294967296,4294967296]', '[0,0]'), /^file: tensor "a": expected fewer than 2\^53 bytes/],
    [one('"U8"', '[0,4294967296,4294967296]', '[0,0]'), /^file: tensor "a": expected fewer than 2\^53 bytes/],
    [one('"U8"', '[4294967296,4294967296,0]', '[0,0]'), /^file: tensor "a": expected fewer than 2\^53 bytes/],
  ])('%s', (header, message) => {
    expectRefusal(() => parse(header, 2), typeof message === 'string' ? `tensor "a": ${message}` : message)
  })

  test('a name of a megabyte does not make a message of one', () => {
    const header = vectors({ ['x'.repeat(1_000_000)]: [1, 2] })
    expectRefusal(() => parse(header, 2), /^file: tensor "x{120}…": expected no gap after byte 0, found begin 1$/)
  })
})

describe('the tensors together', () => {
  test.each([
    [{ a: [0, 3] }, 2, 'tensor "a": expected an end within 2 bytes, found 3'],
    [{ a: [0, 9007199254740991] }, 2, 'tensor "a": expected an end within 2 bytes, found 9007199254740991'],
    [{ a: [1, 2] }, 2, 'tensor "a": expected no gap after byte 0, found begin 1'],
    [{ a: [0, 1], b: [2, 3] }, 3, 'tensor "b": expected no gap after byte 1, found begin 2'],
    [{ a: [0, 2], b: [1, 3] }, 3, 'tensor "b": expected no overlap before byte 2, found begin 1'],
    [{ a: [0, 2], b: [0, 2] }, 2, 'tensor "b": expected no overlap before byte 2, found begin 0'],
    [{ a: [0, 2], b: [1, 1] }, 2, 'tensor "b": expected no overlap before byte 2, found begin 1'],
    [{ a: [0, 2], b: [3, 3] }, 2, 'tensor "b": expected an end within 2 bytes, found 3'],
    [{ a: [0, 1] }, 2, 'expected 1 bytes of tensors, found 2'],
    [{}, 2, 'expected 0 bytes of tensors, found 2'],
  ] as const)('%j in %d bytes', (places, dataSize, message) => {
    expectRefusal(() => parse(vectors(places), dataSize), message)
  })
})
