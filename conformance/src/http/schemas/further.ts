import { record, values, type Example } from './schema.ts'

const leaf = { type: 'boolean' }
const short = { type: 'string', maxLength: 4 }

/** What many servers take, each in its own way. */
export const furtherSchemas: readonly Example[] = [
  ...values({
    'a text of bounded length': { type: 'string', minLength: 2, maxLength: 5 },
    'an anchored pattern': { type: 'string', pattern: '^[A-Z]{2}-\\d{3}$' },
    'a pattern anywhere in a short text': { type: 'string', pattern: 'a[bc]', maxLength: 5 },
    'a pattern of choices': { type: 'string', pattern: '^(?:ja|nein|weiß nicht)$' },
    'an integer between bounds': { type: 'integer', minimum: -3, maximum: 112 },
    'an integer beyond exclusive bounds': { type: 'integer', exclusiveMinimum: 7, exclusiveMaximum: 10 },
    'a multiple': { type: 'integer', minimum: 0, maximum: 100, multipleOf: 25 },
    'a number of halves': { type: 'number', minimum: -1, maximum: 1, multipleOf: 0.5 },
    'a list of places': { type: 'array', prefixItems: [leaf, { enum: ['x'] }], items: false, minItems: 2 },
    'a list of places and others': { type: 'array', prefixItems: [leaf], items: { type: 'null' }, maxItems: 3 },
    'a constant list': { const: [1, { a: [] }, 'x'] },
    'an enum of objects': { enum: [{ a: 1 }, { a: 2, b: [true] }] },
    'bounds in allOf': { allOf: [{ type: 'integer', minimum: 3 }, { maximum: 12 }] },
    'one of two objects': { oneOf: [record({ a: leaf }), record({ b: leaf })] },
    'one of two types': { oneOf: [{ type: 'null' }, { type: 'integer', minimum: 1, maximum: 9 }] },
    'a condition': {
      ...record({ kind: { enum: ['a', 'b'] }, value: { enum: [1, 2] } }),
      if: { properties: { kind: { const: 'a' } } },
      then: { properties: { value: { const: 1 } } },
    },
    'several types': { type: ['boolean', 'null'] },
    'nothing of a list': { type: 'array', maxItems: 0 },
    'bounds of several types': { type: ['integer', 'string'], minimum: 0, maximum: 9, maxLength: 2 },
  }),
  ...values(
    Object.fromEntries(
      ['date', 'time', 'date-time', 'duration', 'ipv4', 'ipv6', 'uuid'].map((format) => {
        return [`the format ${format}`, { type: 'string', format, maxLength: 48 }]
      }),
    ),
  ),
  { name: 'properties that may be missing', schema: { ...record({ a: leaf, b: leaf, c: leaf }), required: ['b'] } },
  {
    name: 'others of a schema',
    schema: { type: 'object', additionalProperties: leaf, propertyNames: { enum: ['x', 'y'] }, maxProperties: 2 },
  },
  {
    name: 'properties by pattern',
    schema: { type: 'object', patternProperties: { '^[xy]$': leaf }, additionalProperties: false, maxProperties: 2 },
  },
  {
    name: 'a property that needs another',
    schema: { ...record({ a: leaf, b: leaf }), required: [], dependentRequired: { a: ['b'] } },
  },
  {
    name: 'names of every object',
    schema: record(
      Object.fromEntries([
        ['__proto__', leaf],
        ['constructor', leaf],
        ['', leaf],
      ]),
    ),
  },
  {
    name: 'references by pointer, escaped',
    schema: record(
      { a: { $ref: '#/$defs/a~1b' }, b: { $ref: '#/$defs/c%25d' } },
      { $defs: { 'a/b': leaf, 'c%d': short } },
    ),
  },
  {
    name: 'a reference by anchor',
    schema: record({ a: { $ref: '#here' } }, { $defs: { a: { $anchor: 'here', ...leaf } } }),
  },
  { name: 'a list', schema: { type: 'array', items: leaf, maxItems: 3 } },
  { name: 'a text', schema: { type: 'string', enum: ['yes', 'no'] } },
  { name: 'a number', schema: { type: 'integer', minimum: 1, maximum: 6 } },
]
