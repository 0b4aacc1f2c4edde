import fc from 'fast-check'

export type Schema = boolean | { readonly [keyword: string]: unknown }

/** Of properties, in the order in which every schema declares them; `z`, which none declares, comes last. */
export const names = ['a', 'b', 'c', 'dé"'] as const

export const formats = ['date', 'ipv4', 'uuid'] as const
export const patterns = ['^a+$', '[0-9]', '^[ab]{2,4}$', '^(x|yz)*$', 'é'] as const

const bound = fc.constantFrom(-3, 0, 1, 2.5, 10)
const count = fc.nat(3)
const scalar = fc.constantFrom<unknown>(null, true, 0, 1, -2.5, 'a', 'x y', '', 'é"')
const value = fc.oneof({ weight: 5, arbitrary: scalar }, fc.constantFrom<unknown>([], [1, 'a'], {}, { a: 1, b: [] }))
const type = fc.constantFrom('null', 'boolean', 'integer', 'number', 'string', 'array', 'object')
const name = fc.constantFrom(...names)

/** Each keyword is there once in three times. */
function some(keywords: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Record<string, unknown>> {
  const entries = Object.entries(keywords).map(([keyword, value]) =>
    fc.oneof(
      { weight: 2, arbitrary: fc.constant([]) },
      value.map((value) => [[keyword, value]] as const),
    ),
  )
  return fc.tuple(...entries).map((parts) => Object.fromEntries(parts.flat()))
}

function typed(type: string, keywords: Record<string, fc.Arbitrary<unknown>>): fc.Arbitrary<Schema> {
  return some(keywords).map((more) => ({ type, ...more }))
}

const strings = typed('string', {
  minLength: count,
  maxLength: fc.nat(5),
  pattern: fc.constantFrom(...patterns),
})
const formatted = fc.constantFrom(...formats).map((format): Schema => ({ type: 'string', format }))
const limits = { minimum: bound, maximum: bound, exclusiveMinimum: bound, multipleOf: fc.constantFrom(0.5, 1, 3) }
const numbers = fc.oneof(typed('number', limits), typed('integer', limits))
const finite = fc.oneof(
  value.map((value): Schema => ({ const: value })),
  fc
    .uniqueArray(value, { minLength: 1, maxLength: 4, selector: (one) => JSON.stringify(one) })
    .map((all): Schema => ({ enum: all })),
)
const plain = fc.oneof(
  fc.constantFrom<Schema>(true, {}, false),
  fc.uniqueArray(type, { minLength: 1, maxLength: 3 }).map((type): Schema => ({ type })),
)
const leaf = fc.oneof(
  { weight: 4, arbitrary: strings },
  { weight: 1, arbitrary: formatted },
  { weight: 4, arbitrary: numbers },
  { weight: 3, arbitrary: finite },
  { weight: 2, arbitrary: plain },
)

/** Properties in the order of `names`. */
function properties(schema: fc.Arbitrary<Schema>): fc.Arbitrary<Record<string, Schema>> {
  return fc
    .tuple(fc.subarray([...names]), fc.array(schema, { minLength: 4, maxLength: 4 }))
    .map(([chosen, schemas]) => Object.fromEntries(chosen.map((name, i) => [name, schemas[i]!])))
}

function objects(schema: fc.Arbitrary<Schema>): fc.Arbitrary<Schema> {
  const keywords = some({
    additionalProperties: fc.oneof(fc.constant(false), schema),
    patternProperties: fc.tuple(fc.constantFrom('^[ax]', 'z$'), schema).map((entry) => Object.fromEntries([entry])),
    propertyNames: fc.constantFrom<Schema>({ maxLength: 1 }, { pattern: '^[a-z]$' }, { enum: ['a', 'b', 'z'] }),
    maxProperties: fc.integer({ min: 1, max: 4 }),
    dependentRequired: fc.tuple(name, name).map(([from, to]) => ({ [from]: [to] })),
  })
  return fc
    .tuple(properties(schema), keywords, fc.subarray([...names, 'z']), fc.boolean())
    .map(([properties, more, required, isOpen]): Schema => {
      const declared = required.filter((name) => name in properties || (isOpen && name === 'z'))
      return { type: 'object', properties, required: declared, ...more }
    })
}

function arrays(schema: fc.Arbitrary<Schema>): fc.Arbitrary<Schema> {
  const lengths = { minItems: count, maxItems: count }
  const tuple = fc.array(schema, { minLength: 1, maxLength: 2 })
  return fc.oneof(
    { weight: 3, arbitrary: typed('array', { items: schema, prefixItems: tuple, ...lengths }) },
    // Not with prefixItems, and not of empty lists, which ajv now and then calls valid.
    { weight: 2, arbitrary: typed('array', { items: schema, contains: leaf, maxItems: count }).map(filled) },
    {
      weight: 1,
      arbitrary: fc.constant<Schema>({ type: 'array', items: { enum: [1, 'a', null] }, uniqueItems: true }),
    },
  )
}

const filled = (schema: Schema): Schema => ({ ...(schema as object), minItems: 1 })

function combined(schema: fc.Arbitrary<Schema>): fc.Arbitrary<Schema> {
  const few = fc.array(schema, { minLength: 1, maxLength: 3 })
  return fc.oneof(
    { weight: 3, arbitrary: few.map((anyOf): Schema => ({ anyOf })) },
    { weight: 2, arbitrary: few.map((oneOf): Schema => ({ oneOf })) },
    { weight: 2, arbitrary: few.map((allOf): Schema => ({ allOf })) },
    { weight: 1, arbitrary: leaf.map((not): Schema => ({ not })) },
    {
      weight: 1,
      arbitrary: fc.tuple(leaf, schema, schema).map(([test, then, other]): Schema => ({ if: test, then, else: other })),
    },
  )
}

const reference = (...names: readonly string[]) => fc.constantFrom(...names).map(($ref): Schema => ({ $ref }))

// What refers to what holds it does so through a value: a circle without one says nothing.
const { tree } = fc.letrec<{ tree: Schema }>((tie) => {
  const value = fc.oneof({ weight: 6, arbitrary: tie('tree') }, reference('#', '#/$defs/x', '#/$defs/y'))
  const same = fc.oneof({ weight: 6, arbitrary: tie('tree') }, reference('#/$defs/base'))
  return {
    tree: fc.oneof(
      { maxDepth: 2, depthSize: 'small' },
      { weight: 3, arbitrary: leaf },
      { weight: 4, arbitrary: objects(value) },
      { weight: 3, arbitrary: arrays(value) },
      { weight: 3, arbitrary: combined(same) },
    ),
  }
})

/** Schemas of most keywords, which refer to themselves and to each other. */
export const schemas: fc.Arbitrary<{ readonly [keyword: string]: unknown }> = fc
  .tuple(
    tree.filter((root) => typeof root === 'object'),
    tree,
    tree,
    objects(leaf),
  )
  .map(([root, x, y, base]) => ({ ...(root as object), $defs: { x, y, base } }))
