import { describe, expect, it } from 'vitest'
import { acceptor, expectAsAjv, refusal } from './judge.fixture.ts'

const closed = {
  type: 'object',
  properties: { a: { type: 'integer' }, b: { type: 'string' }, c: {} },
  required: ['b'],
  additionalProperties: false,
}

describe('objects', () => {
  it('have their declared properties, and no others where they must not', () => {
    expectAsAjv(closed, [
      { b: '' },
      { a: 1, b: '' },
      { a: 1, b: '', c: [] },
      {},
      { a: 1 },
      { a: '', b: '' },
      { b: '', d: 1 },
      [],
    ])
  })

  it('have declared properties in the order of the schema, each once', () => {
    const accepts = acceptor(closed)
    expect(accepts('{"a":1,"b":""}')).toBe(true)
    expect(accepts('{"b":"","a":1}')).toBe(false)
    expect(accepts('{"b":"","b":""}')).toBe(false)
    expect(accepts(String.raw`{"\u0062":""}`)).toBe(false)
  })

  it('have others before, between and after the declared ones', () => {
    const schema = { ...closed, additionalProperties: { type: 'boolean' } }
    expectAsAjv(schema, [
      { x: true, b: '' },
      { a: 1, x: true, y: false, b: '', z: true },
      { b: '', c: 1, bb: true },
      { b: '', x: 1 },
      { x: true },
    ])
  })

  it('have required properties that nobody declared in any order', () => {
    const schema = { required: ['x', 'y'], properties: { a: { type: 'null' } } }
    expectAsAjv(schema, [{ x: 1, y: 2 }, { y: 1, a: null, x: 1 }, { x: 1 }, { a: null, y: 1 }, 'string'])
  })

  it('satisfy the schemas of all patterns that a name matches', () => {
    const schema = {
      properties: { ab: { minimum: 2 } },
      patternProperties: { '^a': { type: 'integer' }, b$: { maximum: 5 } },
      additionalProperties: { type: 'string' },
    }
    expectAsAjv(schema, [
      { ab: 3 },
      { ab: 1 },
      { ab: 6 },
      { ab: 2.5 },
      { axb: 5, c: '' },
      { axb: 6 },
      { xb: 'any' },
      { xb: 7 },
      { a: 1.5 },
      { c: 1 },
    ])
  })

  it('have only names that they may have', () => {
    const schema = { propertyNames: { pattern: '^[a-z]{2,3}$' }, properties: { A: {}, ok: { type: 'null' } } }
    expectAsAjv(schema, [{}, { ok: null }, { ok: 1 }, { abc: 1 }, { A: 1 }, { abcd: 1 }])
  })

  it('count their members', () => {
    const names = ['a', 'b', 'c', 'd', 'e']
    const of = (count: number): object => Object.fromEntries(names.slice(0, count).map((name) => [name, 1]))
    const all = names.map((_, i) => of(i)).concat({ e: 1 }, { d: 1, e: 1 })
    expectAsAjv({ type: 'object', minProperties: 1, maxProperties: 3 }, all)
    expectAsAjv({ properties: { a: {}, b: {} }, maxProperties: 2 }, all)
    expectAsAjv({ properties: { a: {}, b: {}, c: {} }, minProperties: 2, additionalProperties: false }, all)
    expectAsAjv({ required: ['a'], properties: { a: {}, b: {} }, minProperties: 2 }, all)
    expect(refusal({ minProperties: 2 })).toMatchObject({ kind: 'unsupported', keyword: 'minProperties', at: '' })
  })

  it('have what depends on what they have', () => {
    const documents = [{}, { a: 1 }, { a: 1, b: 1 }, { b: 1 }, { a: 1, b: 'x' }, { b: 'x' }, 5]
    expectAsAjv({ dependentRequired: { a: ['b'] } }, documents)
    expectAsAjv({ dependentSchemas: { a: { properties: { b: { type: 'string' } } } } }, documents)
    expectAsAjv({ dependentSchemas: { a: false } }, documents)
  })

  it('have no member whose schema nothing satisfies', () => {
    expectAsAjv({ properties: { a: false, b: { minimum: 1, maximum: 0, type: 'number' } } }, [
      {},
      { c: 1 },
      { a: 1 },
      { b: 1 },
    ])
  })

  it('have names like those of Object', () => {
    const schema: unknown = JSON.parse(
      '{"properties":{"__proto__":{"type":"null"}},"required":["__proto__","constructor"]}',
    )
    const accepts = acceptor(schema)
    expect(accepts('{"__proto__":null,"constructor":1}')).toBe(true)
    expect(accepts('{"__proto__":1,"constructor":1}')).toBe(false)
    expect(accepts('{"__proto__":null}')).toBe(false)
  })

  it('have what no part of the schema looked at only as they may', () => {
    const schema = {
      anyOf: [
        { properties: { a: { type: 'integer' } }, required: ['a'] },
        { properties: { b: {} }, required: ['b'] },
      ],
      properties: { c: {} },
      unevaluatedProperties: false,
    }
    expectAsAjv(schema, [{ a: 1 }, { b: 1 }, { a: 1, b: 1 }, { a: '', b: 1 }, { c: 1 }, { a: 1, c: 1 }, { a: 1, d: 1 }])
  })

  it('have white space between tokens, but not around the value', () => {
    const accepts = acceptor(closed)
    expect(accepts('{ "a": 1,\n  "b" :"" }')).toBe(true)
    expect(accepts('{\r\n\t"b":""\r\n}')).toBe(true)
    expect(accepts('{  "b":""}')).toBe(false)
    expect(accepts(' {"b":""}')).toBe(false)
    expect(accepts(`{\n${' '.repeat(33)}"b":""}`)).toBe(false)
  })
})
