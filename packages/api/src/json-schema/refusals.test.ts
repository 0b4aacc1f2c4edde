import { describe, expect, it } from 'vitest'
import { acceptor, refusal } from './judge.fixture.ts'

describe('schemas that are none', () => {
  it.each([
    [{ minLength: '3' }, 'minLength'],
    [{ minLength: -1 }, 'minLength'],
    [{ required: 'a' }, 'required'],
    [{ required: [1] }, 'required'],
    [{ type: 'strin' }, 'type'],
    [{ type: [] }, 'type'],
    [{ enum: 'a' }, 'enum'],
    [{ multipleOf: 0 }, 'multipleOf'],
    [{ pattern: '(' }, 'pattern'],
    [{ anyOf: [] }, 'anyOf'],
    [{ properties: { a: 1 } }, 'properties'],
    [{ additionalProperties: 'no' }, 'additionalProperties'],
  ])('%j', (schema, keyword) => {
    expect(refusal(schema)).toMatchObject({ kind: 'invalid', keyword, at: '' })
    expect(refusal({ items: { not: schema } })).toMatchObject({ kind: 'invalid', keyword, at: '/items/not' })
  })

  it('are no objects', () => {
    for (const value of [null, 1, 'a', []]) expect(refusal(value)).toMatchObject({ kind: 'invalid', at: '' })
  })

  it('say where and what', () => {
    const { message } = refusal({ properties: { 'a/b': { minLength: 'x' } } })
    expect(message).toBe('schema, "minLength" at "/properties/a~1b": expected a whole number from 0 on, found "x"')
  })
})

describe('what cannot be enforced', () => {
  it.each([
    [{ format: 'regex' }, 'format'],
    [{ pattern: '(a)\\1' }, 'pattern'],
    [{ uniqueItems: true }, 'uniqueItems'],
    [{ minProperties: 3 }, 'minProperties'],
    [{ not: { uniqueItems: true } }, 'uniqueItems'],
    [{ not: { additionalProperties: { type: 'null' } } }, 'additionalProperties'],
  ])('%j', (schema, keyword) => {
    expect(refusal(schema)).toMatchObject({ kind: 'unsupported', keyword })
  })

  it('does not matter where a value cannot be of its type', () => {
    const accepts = acceptor({ type: 'string', uniqueItems: true, minProperties: 3 })
    expect(accepts('"a"')).toBe(true)
  })

  it('is not what only annotates', () => {
    const annotations = {
      title: 1,
      description: [],
      default: 'x',
      examples: 5,
      $comment: 0,
      'x-mine': {},
      deprecated: 1,
    }
    const accepts = acceptor({ ...annotations, type: 'integer' })
    expect(accepts('7')).toBe(true)
  })
})

describe('schemas of any size', () => {
  /** Compiled or refused: milliseconds of a processor, of which a test may take more than anybody else. */
  function cost(schema: unknown): number {
    const start = process.cpuUsage()
    try {
      acceptor(schema)
    } catch (error) {
      expect((error as { kind?: unknown }).kind).toBe('too large')
    }
    const { user, system } = process.cpuUsage(start)
    return (user + system) / 1000
  }

  const nested = (depth: number, wrap: (inner: unknown) => unknown): unknown => {
    let schema: unknown = { type: 'integer' }
    for (let i = 0; i < depth; i++) schema = wrap(schema)
    return schema
  }
  const many = <Item>(count: number, item: (i: number) => Item): Item[] =>
    Array.from({ length: count }, (_, i) => item(i))

  it.each([
    ['100,000 levels', nested(100_000, (inner) => ({ items: inner }))],
    ['5000 levels of a constant', { const: JSON.parse('['.repeat(5000) + ']'.repeat(5000)) as unknown }],
    ['400 levels of items', nested(400, (items) => ({ type: 'array', items }))],
    ['400 levels of properties', nested(400, (a) => ({ type: 'object', properties: { a }, required: ['a'] }))],
    ['400 levels of not', nested(400, (not) => ({ not }))],
    ['400 levels of allOf', nested(400, (inner) => ({ allOf: [inner, { minimum: 0 }] }))],
    ['100,000 strings', { enum: many(100_000, (i) => `value ${i}`) }],
    ['2^30 ways', { allOf: many(30, (i) => ({ anyOf: [{ required: [`a${i}`] }, { required: [`b${i}`] }] })) }],
    ['oneOf of 150', { oneOf: many(150, (i) => ({ properties: { [`p${i}`]: { type: 'integer' } } })) }],
    ['30 dependencies', { dependentRequired: Object.fromEntries(many(30, (i) => [`a${i}`, [`b${i}`]])) }],
    ['long strings', { type: 'string', maxLength: 1_000_000 }],
    ['long matched strings', { pattern: '^[a-z]+$', maxLength: 1_000_000 }],
    ['many items', { type: 'array', minItems: 1_000_000 }],
    ['too many items', { type: 'array', minItems: 10_000_000 }],
    ['a pattern of many states', { pattern: '(a|b)*a(a|b){20}' }],
    ['many of them', { allOf: many(40, (i) => ({ pattern: `[a-f]{${i + 1}}x` })) }],
    [
      'many patterns of names',
      { patternProperties: Object.fromEntries(many(40, (i) => [`x{${i + 1}}y`, { minimum: i }])) },
    ],
    ['5000 properties', { properties: Object.fromEntries(many(5000, (i) => [`p${i}`, { type: 'integer' }])) }],
    ['many numbers', { items: { anyOf: many(100, (i) => ({ type: 'number', multipleOf: i + 1.5 })) } }],
    ['counts of items', { contains: { const: 1 }, minContains: 500, maxContains: 900, maxItems: 1500 }],
    [
      'counts of members',
      { properties: Object.fromEntries(many(200, (i) => [`p${i}`, {}])), minProperties: 1, maxProperties: 100 },
    ],
  ])('are refused or compiled in good time: %s', (_, schema) => {
    expect(cost(schema)).toBeLessThan(1000)
  })
})
