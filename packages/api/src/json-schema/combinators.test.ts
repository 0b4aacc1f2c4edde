import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { acceptor, expectAsAjv, refusal } from './judge.fixture.ts'

const objects = [
  {},
  { a: 1 },
  { b: 1 },
  { a: 1, b: 1 },
  { a: 'x' },
  { b: 'x' },
  { a: 'x', b: 'x' },
  { a: 'x', b: 1 },
  1,
  'x',
]

describe('allOf, anyOf, oneOf and not', () => {
  const a = { properties: { a: { type: 'integer' } }, required: ['a'] }
  const b = { properties: { b: { type: 'integer' } }, required: ['b'] }

  it('hold together', () => {
    expectAsAjv({ allOf: [a, b] }, objects)
    expectAsAjv({ anyOf: [a, b] }, objects)
    expectAsAjv({ oneOf: [a, b] }, objects)
    expectAsAjv({ not: a }, objects)
    expectAsAjv({ not: { anyOf: [a, b] } }, objects)
    expectAsAjv({ not: { oneOf: [a, b] } }, objects)
    expectAsAjv({ not: { allOf: [a, { not: b }] } }, objects)
  })

  it('take one alternative that overlaps others without them', () => {
    expectAsAjv(
      { oneOf: [{ type: 'string' }, { type: 'string', maxLength: 1 }, { type: 'integer' }, { minimum: 5 }] },
      ['x', 'xx', 1, 5.5, 6, null],
    )
    expectAsAjv({ oneOf: [{ ...a, additionalProperties: false }, { ...b, additionalProperties: false }, {}] }, objects)
  })

  it('follow a condition', () => {
    expectAsAjv({ if: a, then: b, else: { type: 'object' } }, objects)
    expectAsAjv({ if: { properties: { a: { const: 'x' } }, required: ['a'] }, then: { required: ['b'] } }, objects)
    expectAsAjv({ not: { if: a, then: b } }, objects)
    expectAsAjv({ then: false, type: 'object' }, objects)
  })
})

/** Schemas whose parts bear upon each other. */
const name = fc.constantFrom('a', 'b', 'c')
const { schema } = fc.letrec<{ schema: object }>((tie) => {
  const inner = tie('schema')
  const leaf = fc.oneof(
    fc.constantFrom('object', 'array', 'string', 'integer', 'null').map((type) => ({ type })),
    fc.constantFrom(
      { minimum: 1 },
      { maximum: 1 },
      { maxLength: 1 },
      { pattern: '^a' },
      { const: 1 },
      { enum: ['a', 1, {}] },
    ),
    fc.constantFrom({ required: ['a'] }, { maxProperties: 1 }, { minItems: 1 }, { maxItems: 1 }),
  )
  const node = fc.oneof(
    fc.dictionary(name, inner, { maxKeys: 2 }).map((of) => ({ properties: sorted(of) })),
    inner.map((of) => ({ additionalProperties: of })),
    inner.map((items) => ({ items })),
    fc
      .array(inner, { minLength: 1, maxLength: 3 })
      .chain((of) => fc.constantFrom('allOf', 'anyOf', 'oneOf').map((keyword) => ({ [keyword]: of }))),
    inner.map((not) => ({ not })),
    fc.record({ if: inner, then: inner, else: inner }),
  )
  return {
    schema: fc.oneof(
      { depthSize: 'small', withCrossShrink: true },
      leaf,
      fc.tuple(leaf, node).map((all) => Object.assign({}, ...all) as object),
    ),
  }
})

function sorted(of: object): object {
  return Object.fromEntries(Object.entries(of).sort(([a], [b]) => (a < b ? -1 : 1)))
}

const values = [
  ...[null, 0, 1, 2, 1.5, '', 'a', 'b', 'ab', [], [1], ['a'], [1, 'a'], [[]], {}, { a: 1 }, { a: 'a' }, { b: 1 }],
  ...[{ a: 1, b: 'a' }, { a: {}, b: [] }, { a: 1, b: 1, c: 1 }, { c: 'a' }, { a: { a: 1 } }, [{ a: 1 }, {}]],
]

describe('schemas of all kinds', () => {
  it('accept what ajv finds valid, and nothing else', async () => {
    const { Ajv2020 } = await import('ajv/dist/2020.js')
    let judged = 0
    fc.assert(
      fc.property(schema, (schema) => {
        const validate = new Ajv2020({ strict: false }).compile(schema)
        const valid = values.map((value) => validate(value))
        try {
          const accepts = acceptor(schema)
          judged++
          expect(values.map((value) => accepts(JSON.stringify(value)))).toEqual(valid)
        } catch (error) {
          const { kind } = error as { kind?: string }
          if (kind === undefined || kind === 'invalid') throw error
          if (kind === 'unsatisfiable') expect(valid).not.toContain(true)
        }
      }),
      { seed: 8, numRuns: 300 },
    )
    expect(judged).toBeGreaterThan(240)
  })

  it('are refused where nothing satisfies them', () => {
    expect(refusal({ type: 'string', not: {} }).kind).toBe('unsatisfiable')
    expect(refusal({ allOf: [{ type: 'string' }, { type: 'null' }] }).kind).toBe('unsatisfiable')
    const { kind, message } = refusal({
      items: {},
      type: 'array',
      minItems: 1,
      prefixItems: [{ type: 'integer', minimum: 5, maximum: 3 }],
    })
    expect(kind).toBe('unsatisfiable')
    expect(message).toContain('of type number contradicts itself at "/prefixItems/0"')
    expect(refusal({ type: 'object', required: ['a'], properties: { a: { $ref: '#' } } }).kind).toBe('unsatisfiable')
  })
})
