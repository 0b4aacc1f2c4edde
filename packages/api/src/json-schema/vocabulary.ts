import { invalid } from './schema-error.ts'

/** What a keyword's value may be: a sentence's end for those that are not it, undefined for those that are. */
type Shape = (value: unknown) => string | undefined

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isSchema = (value: unknown): boolean => typeof value === 'boolean' || isObject(value)
const isStrings = (value: unknown): boolean => Array.isArray(value) && value.every((item) => typeof item === 'string')

function shape(expected: string, is: (value: unknown) => boolean): Shape {
  return (value) => (is(value) ? undefined : expected)
}

const typeNames = ['null', 'boolean', 'object', 'array', 'number', 'string', 'integer']
const isType = (value: unknown): boolean => typeof value === 'string' && typeNames.includes(value)
const isTypes = (value: unknown): boolean => Array.isArray(value) && value.length > 0 && value.every(isType)

const count = shape('a whole number from 0 on', (value) => Number.isInteger(value) && (value as number) >= 0)
const number = shape('a number', (value) => typeof value === 'number')
const schema = shape('a schema: an object, true or false', isSchema)
const schemas = shape(
  'an array of at least one schema',
  (value) => Array.isArray(value) && value.length > 0 && value.every(isSchema),
)
const schemaMap = shape('an object of schemas', (value) => isObject(value) && Object.values(value).every(isSchema))
const text = shape('a string', (value) => typeof value === 'string')
const anything = shape('', () => true)
const flag = shape('true or false', (value) => typeof value === 'boolean')
const bound = shape('a number, or true or false as in draft 4', (value) => ['number', 'boolean'].includes(typeof value))

/** Where a keyword's value has schemas. */
export type Nesting = 'one' | 'list' | 'map'

interface Keyword {
  readonly shape: Shape
  readonly schemas?: Nesting
}

const one: Keyword = { shape: schema, schemas: 'one' }
const list: Keyword = { shape: schemas, schemas: 'list' }
const map: Keyword = { shape: schemaMap, schemas: 'map' }

/** All keywords whose value matters here. Others are annotations. */
const keywords: ReadonlyMap<string, Keyword> = new Map<string, Keyword>([
  ['$ref', { shape: text }],
  ['$dynamicRef', { shape: text }],
  ['$recursiveRef', { shape: text }],
  ['$defs', map],
  ['definitions', map],
  ['allOf', list],
  ['anyOf', list],
  ['oneOf', list],
  ['not', one],
  ['if', one],
  ['then', one],
  ['else', one],
  ['dependentSchemas', map],
  ['prefixItems', list],
  ['items', { shape: shape('a schema, or an array of them', (value) => isSchema(value) || isList(value)) }],
  ['additionalItems', one],
  ['contains', one],
  ['properties', map],
  ['patternProperties', map],
  ['additionalProperties', one],
  ['propertyNames', one],
  ['unevaluatedItems', one],
  ['unevaluatedProperties', one],
  ['contentSchema', one],
  ['type', { shape: shape('a type, or an array of types', (value) => isType(value) || isTypes(value)) }],
  ['enum', { shape: shape('an array', Array.isArray) }],
  ['const', { shape: anything }],
  ['multipleOf', { shape: shape('a number above 0', (value) => typeof value === 'number' && value > 0) }],
  ['minimum', { shape: number }],
  ['maximum', { shape: number }],
  ['exclusiveMinimum', { shape: bound }],
  ['exclusiveMaximum', { shape: bound }],
  ['minLength', { shape: count }],
  ['maxLength', { shape: count }],
  ['pattern', { shape: text }],
  ['format', { shape: text }],
  ['minItems', { shape: count }],
  ['maxItems', { shape: count }],
  ['uniqueItems', { shape: flag }],
  ['minContains', { shape: count }],
  ['maxContains', { shape: count }],
  ['minProperties', { shape: count }],
  ['maxProperties', { shape: count }],
  ['required', { shape: shape('an array of strings', isStrings) }],
  [
    'dependentRequired',
    {
      shape: shape(
        'an object of arrays of strings',
        (value) => isObject(value) && Object.values(value).every(isStrings),
      ),
    },
  ],
  [
    'dependencies',
    {
      shape: shape(
        'an object of schemas and arrays of strings',
        (value) => isObject(value) && Object.values(value).every((item) => isSchema(item) || isStrings(item)),
      ),
    },
  ],
])

function isList(value: unknown): boolean {
  return Array.isArray(value) && value.every(isSchema)
}

/** Throws SchemaError where the value of a keyword that is known is not of its shape. */
export function checkKeyword(at: string, keyword: string, value: unknown): void {
  const expected = keywords.get(keyword)?.shape(value)
  if (expected === undefined) return
  const found = JSON.stringify(value) ?? String(value)
  const shown = found.length > 60 ? `${found.slice(0, 60)}…` : found
  throw invalid(`expected ${expected}, found ${shown}`, { at, keyword })
}

/** How a keyword's value has schemas in it, if it has. */
export function nestingOf(keyword: string, value: unknown): Nesting | undefined {
  if (keyword === 'items') return Array.isArray(value) ? 'list' : 'one'
  if (keyword === 'dependencies') return 'map'
  return keywords.get(keyword)?.schemas
}
