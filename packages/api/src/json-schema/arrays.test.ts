import { describe, expect, it } from 'vitest'
import { expectAsAjv, refusal } from './judge.fixture.ts'

const lists = [
  [],
  [1],
  [1, 2],
  [1, 2, 3],
  [1, 2, 3, 4],
  ['a'],
  [1, 'a'],
  ['a', 1],
  ['a', 'b', 'a'],
  [1, 1],
  [null],
  {},
  'a',
]

describe('arrays', () => {
  it('have so many items of a schema', () => {
    expectAsAjv({ items: { type: 'integer' } }, lists)
    expectAsAjv({ items: { type: 'integer' }, minItems: 1, maxItems: 3 }, lists)
    expectAsAjv({ type: 'array', minItems: 2 }, lists)
    expectAsAjv({ type: 'array', maxItems: 0 }, lists)
  })

  it('have items by position', () => {
    expectAsAjv({ prefixItems: [{ type: 'integer' }, { type: 'string' }] }, lists)
    expectAsAjv({ prefixItems: [{ type: 'integer' }, { type: 'string' }], items: false, minItems: 1 }, lists)
    expectAsAjv({ prefixItems: [{ type: 'integer' }, false], items: true }, lists)
    expectAsAjv({ prefixItems: [{}, {}], items: { minimum: 3 }, maxItems: 3 }, lists)
  })

  it('contain what they have to, as often as they may', () => {
    const text = { type: 'string' }
    expectAsAjv({ contains: text }, lists)
    expectAsAjv({ contains: text, minContains: 2 }, lists)
    expectAsAjv({ contains: text, minContains: 0, maxContains: 1 }, lists)
    expectAsAjv({ contains: text, maxContains: 1, minItems: 2, maxItems: 2 }, lists)
    expectAsAjv({ contains: { const: 1 }, allOf: [{ contains: { const: 2 } }] }, lists)
  })

  it('have no item twice, where there are few values', () => {
    const few = { enum: ['a', 'b', 1, null] }
    expectAsAjv({ items: few, uniqueItems: true }, [[], ['a'], ['b', 'a', 1, null], ['a', 'a'], [1, 'b', 1], ['c']])
    expectAsAjv({ items: few, uniqueItems: true, minItems: 3 }, [
      ['a', 'b', 1],
      ['a', 'b'],
      ['a', 'b', 'a'],
    ])
    expectAsAjv({ uniqueItems: true, maxItems: 1 }, lists)
    expect(refusal({ properties: { a: { uniqueItems: true } } })).toMatchObject({
      kind: 'unsupported',
      keyword: 'uniqueItems',
      at: '/properties/a',
    })
  })

  it('have items that no part of the schema looked at only as they may', () => {
    expectAsAjv({ prefixItems: [{ type: 'integer' }], unevaluatedItems: { type: 'string' } }, lists)
    expectAsAjv({ allOf: [{ items: { type: 'integer' } }], unevaluatedItems: false }, lists)
    expectAsAjv(
      { anyOf: [{ prefixItems: [{ const: 1 }] }, { prefixItems: [{}, { const: 2 }] }], unevaluatedItems: false },
      lists,
    )
  })

  it('are read to any depth', () => {
    const schema = { $defs: { list: { type: 'array', items: { $ref: '#/$defs/list' } } }, $ref: '#/$defs/list' }
    expectAsAjv(schema, [[], [[], [[]]], [[[]], [1]], 1])
  })
})
