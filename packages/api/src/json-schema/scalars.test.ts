import { describe, expect, it } from 'vitest'
import { acceptor, expectAsAjv } from './judge.fixture.ts'

const texts = ['', 'a', 'ab', 'abc', 'é€😀', '\n', '"', '\\', 'a\u0000', '12', 'cab']
const numbers = [0, -0, 1, 2, 3, 4.5, -1, 1e21, 1e-7, 1e300, 0.1, 6]

describe('strings', () => {
  it('are as long as they may be, in code points', () => {
    expectAsAjv({ type: 'string', minLength: 2, maxLength: 3 }, texts)
    expectAsAjv({ minLength: 3 }, [...texts, ...numbers])
  })

  it('are matched by all patterns', () => {
    expectAsAjv({ pattern: 'a', allOf: [{ pattern: 'b' }], maxLength: 2 }, texts)
    expectAsAjv({ pattern: '^\\p{L}+$' }, texts)
    expectAsAjv({ pattern: '^[^a]*$', not: { pattern: '^\\d' } }, texts)
  })

  it('may be written with any escape where nothing is asked of their characters', () => {
    expect(acceptor({ type: 'string' })(String.raw`"\u0061\/"`)).toBe(true)
    expect(acceptor({ type: 'string', minLength: 1 })(String.raw`"\u0061"`)).toBe(true)
    expect(acceptor({ enum: ['a'] })(String.raw`"\u0061"`)).toBe(false)
  })
})

describe('numbers', () => {
  it('are within their bounds', () => {
    expectAsAjv({ minimum: 1, exclusiveMaximum: 4.5 }, numbers)
    expectAsAjv({ type: 'number', exclusiveMinimum: 0 }, [...numbers, null])
    expectAsAjv({ type: 'number', minimum: 1, not: { minimum: 3 } }, numbers)
  })

  it('are integers and multiples', () => {
    expectAsAjv({ type: 'integer' }, [...numbers, 'a'])
    expectAsAjv({ type: ['integer', 'null'], multipleOf: 3 }, [0, 3, -6, 1, 4.5, 1e-7, null])
    expectAsAjv({ type: 'number', not: { type: 'integer' } }, numbers)
    expect(acceptor({ type: 'integer' })('1.0')).toBe(true)
  })
})

describe('enum and const', () => {
  const values = [null, true, false, 0, 1, '', 'a', [], [1], [1, 'a'], {}, { a: 1 }, { a: [1] }, { a: 1, b: 2 }]

  it('allow just what they name', () => {
    for (const value of values) expectAsAjv({ const: value }, values)
    expectAsAjv({ enum: [null, 1, 'a', [1], { a: [1] }] }, values)
  })

  it('are narrowed by what else is asked', () => {
    expectAsAjv(
      { enum: values, type: ['string', 'array', 'object'], minLength: 1, minItems: 1, required: ['a'] },
      values,
    )
    expectAsAjv({ enum: values, not: { enum: ['a', 1, { a: 1 }, [1]] } }, values)
  })

  it('have a complement', () => {
    expectAsAjv({ not: { enum: [null, 'a', 1, [1]] } }, values)
    expect(acceptor({ not: { const: 1 } })('1.0')).toBe(false)
    expect(acceptor({ not: { const: 10 } })('1e1')).toBe(false)
  })
})
