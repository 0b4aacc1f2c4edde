import type { Fields } from '../capabilities.ts'
import { record, values } from './schema.ts'

/** A schema of which one keyword is often left out. Without it, about every second answer would be wrong. */
export interface HardExample {
  readonly keyword: string
  readonly schema: Fields
}

const bit = { enum: [0, 1] }
const digit = { type: 'integer', minimum: 0, maximum: 9 }
const flag = { type: 'boolean' }
const optional = { ...record({ a: flag, b: flag }), required: [] }

/** One property of two, of any value. */
const alone = { type: 'object', propertyNames: { enum: ['a', 'b'] }, maxProperties: 1 }

const ofValue = values({
  uniqueItems: { type: 'array', items: bit, minItems: 2, maxItems: 2, uniqueItems: true },
  contains: { type: 'array', items: bit, maxItems: 2, contains: { const: 1 } },
  minContains: { type: 'array', items: bit, minItems: 2, maxItems: 3, contains: { const: 1 }, minContains: 2 },
  not: { ...bit, not: { const: 0 } },
  oneOf: {
    oneOf: [
      { ...digit, maximum: 6 },
      { ...digit, minimum: 3 },
    ],
  },
  allOf: { allOf: [{ enum: [1, 2, 3, 4] }, { enum: [4, 5] }] },
  if: { ...optional, if: { required: ['a'] }, then: { required: ['b'] }, else: { required: ['b'] } },
  pattern: { type: 'string', minLength: 1, maxLength: 2, pattern: '^(?=a)' },
  multipleOf: { enum: [0.01, 0.015, 0.02, 0.025], multipleOf: 0.01 },
  minProperties: { ...optional, minProperties: 2 },
  dependentSchemas: { ...optional, dependentSchemas: { b: { required: ['a'] } } },
  propertyNames: { ...optional, propertyNames: { const: 'b' } },
  unevaluatedItems: { type: 'array', prefixItems: [bit], maxItems: 2, unevaluatedItems: false },
  unevaluatedProperties: { ...alone, allOf: [{ properties: { a: flag } }], unevaluatedProperties: false },
})

/** What a server may refuse by name, but never ignore. */
export const hardSchemas: readonly HardExample[] = ofValue.map(({ name, schema }) => ({ keyword: name, schema }))
