import { describe, expect, it } from 'vitest'
import { acceptor, expectAsAjv, refusal } from './judge.fixture.ts'

describe('references', () => {
  it('lead to schemas by pointer, anchor and address', () => {
    const pointed = { $defs: { 'a/b~%': { type: 'null' } }, items: { $ref: '#/$defs/a~1b~0%25' } }
    expectAsAjv(pointed, [[null], [1], 2])
    expectAsAjv({ $defs: { x: { $anchor: 'here', type: 'null' } }, items: { $ref: '#here' } }, [[null], [1]])
    const addressed = {
      $id: 'https://example.com/root.json',
      $defs: { x: { $id: 'nested/x.json', $defs: { y: { type: 'null' } }, items: { $ref: '#/$defs/y' } } },
      items: { $ref: 'https://example.com/nested/x.json' },
    }
    expectAsAjv(addressed, [[[null]], [[1]], [1]])
  })

  it('come back to their schema through a property or an item', () => {
    const tree = {
      $defs: {
        node: {
          type: 'object',
          properties: { value: { type: 'integer' }, next: { anyOf: [{ $ref: '#/$defs/node' }, { type: 'null' }] } },
          required: ['value', 'next'],
          additionalProperties: false,
        },
      },
      $ref: '#/$defs/node',
    }
    const list = (depth: number): object => ({ value: 1, next: depth === 0 ? null : list(depth - 1) })
    expectAsAjv(tree, [list(0), list(1), list(20), { value: 1 }, { value: 1, next: { value: 1 } }])
  })

  it('hold together with what stands beside them, but up to draft 7 alone', () => {
    const schema = { $defs: { a: { type: 'integer' } }, $ref: '#/$defs/a', minimum: 2 }
    expectAsAjv(schema, [1, 2, 'a'])
    const old = acceptor({ ...schema, $schema: 'http://json-schema.org/draft-07/schema#' })
    expect(old('1')).toBe(true)
  })

  it('that are dynamic are as static ones where only one schema may be meant', () => {
    const tree = { $dynamicAnchor: 'node', type: 'object', properties: { next: { $dynamicRef: '#node' } } }
    expectAsAjv(tree, [{}, { next: {} }, { next: 1 }, 1])
    const two = { $id: 'https://example.com/two', $defs: { x: { $id: 'x', $dynamicAnchor: 'node' } }, ...tree }
    expect(refusal(two)).toMatchObject({ kind: 'unsupported', keyword: '$dynamicRef' })
  })

  it('are refused where they lead nowhere, elsewhere, or only to themselves', () => {
    expect(refusal({ $ref: '#/$defs/none' })).toMatchObject({ kind: 'invalid', keyword: '$ref', at: '' })
    expect(refusal({ items: { $ref: 'https://example.com/a' } })).toMatchObject({ kind: 'unsupported', at: '/items' })
    expect(refusal({ $ref: '#' })).toMatchObject({ kind: 'invalid' })
    const circle = { $defs: { a: { $ref: '#/$defs/b' }, b: { $ref: '#/$defs/a' } }, $ref: '#/$defs/a' }
    expect(refusal(circle)).toMatchObject({ kind: 'invalid' })
    expect(refusal({ anyOf: [{ $ref: '#' }, { type: 'null' }] })).toMatchObject({ kind: 'invalid' })
  })

  it('add nothing where a schema is part of itself', () => {
    const accepts = acceptor({ type: 'integer', allOf: [{ $ref: '#' }] })
    expect(accepts('1')).toBe(true)
    expect(accepts('""')).toBe(false)
  })
})

describe('older drafts', () => {
  it('are understood where their words have one meaning', () => {
    const tuple = acceptor({ items: [{ type: 'integer' }], additionalItems: false })
    expect(['[]', '[1]', '[1,2]', '[""]'].map(tuple)).toEqual([true, true, false, false])
    const above = acceptor({ minimum: 1, exclusiveMinimum: true, type: 'number' })
    expect(['1', '2'].map(above)).toEqual([false, true])
    const dependent = acceptor({ dependencies: { a: ['b'], c: { maxProperties: 1 } } })
    expect(['{"a":1}', '{"a":1,"b":1}', '{"c":1}', '{"c":1,"d":1}'].map(dependent)).toEqual([false, true, true, false])
    const defined = acceptor({ definitions: { a: { type: 'null' } }, items: { $ref: '#/definitions/a' } })
    expect(['[null]', '[1]'].map(defined)).toEqual([true, false])
  })

  it('have ids of their own spelling', () => {
    const schema = {
      $schema: 'http://json-schema.org/draft-04/schema#',
      id: 'http://example.com/a.json',
      definitions: { b: { id: 'b.json', type: 'null' } },
      items: { $ref: 'http://example.com/b.json' },
    }
    expect(['[null]', '[1]'].map(acceptor(schema))).toEqual([true, false])
  })
})
