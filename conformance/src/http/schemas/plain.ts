import { record, values, type Example } from './schema.ts'

const leaf = { type: 'boolean' }
const ref = (name: string) => ({ $ref: `#/$defs/${name}` })

/**
 * What every server takes that has schemas at all: objects that say all of their properties, lists, choices, references. All
 * answers are short, whatever a model says.
 */
export const plainSchemas: readonly Example[] = [
  ...values({
    'a boolean': leaf,
    null: { type: 'null' },
    'an enum of texts': { type: 'string', enum: ['red', 'green', 'blue'] },
    'an enum of several types': { enum: ['one', 2, null, false] },
    'texts that have to be escaped': { enum: ['a "b"', 'a\\b', 'two\nlines', '漢字 🌊', '\u2028', '</s>'] },
    'a constant': { const: 'here' },
    'a list of bounded length': { type: 'array', items: leaf, minItems: 1, maxItems: 3 },
    'a list of lists': { type: 'array', maxItems: 2, items: { type: 'array', maxItems: 2, items: leaf } },
    'a list of objects': { type: 'array', maxItems: 2, items: record({ a: leaf, b: { enum: [1, 2] } }) },
    'three objects deep': record({ a: record({ b: record({ c: leaf }) }) }),
    'an object of nothing': record({}),
    'one of several types': { anyOf: [leaf, { type: 'null' }, { enum: ['x'] }] },
    'objects told apart by a constant': {
      anyOf: [record({ kind: { const: 'circle' }, r: { enum: [1, 2] } }), record({ kind: { const: 'none' } })],
    },
    'a text or null': { type: ['string', 'null'], enum: ['a', null] },
  }),
  {
    name: 'several properties',
    schema: record({ z: leaf, a: { enum: [1, 2] }, 'my name': leaf, ü: { type: 'null' } }),
  },
  {
    name: 'annotations',
    schema: record({ a: { ...leaf, description: 'Whether.', title: 'A' } }, { title: 'T', description: 'An answer.' }),
  },
  {
    name: 'a reference',
    schema: record({ from: ref('side'), to: ref('side') }, { $defs: { side: { enum: ['l', 'r'] } } }),
  },
  {
    name: 'a list by recursion',
    schema: record(
      { head: ref('node') },
      { $defs: { node: record({ value: leaf, next: { anyOf: [{ type: 'null' }, ref('node')] } }) } },
    ),
  },
  {
    name: 'a tree by recursion',
    schema: record({ name: { enum: ['x', 'y'] }, children: { type: 'array', maxItems: 1, items: { $ref: '#' } } }),
  },
]
