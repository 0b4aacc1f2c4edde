import { bounds, type Group, type Vicinity } from './keyword-group.ts'
import type { SchemaDocument, SchemaNode, SchemaObject } from './document.ts'
import { all, any, fact, type, types, unasked, type Assertion, type Formula, type Literal } from './formula.ts'
import { unsupported } from './schema-error.ts'
import { constantItems, constantMember } from './constants.ts'

const array = types(type.array)

function length(min: number, max: number): Formula {
  return fact({ on: 'array', is: 'length', min, max })
}

/** Items by position; up to 2019 the positions are an array in `items`, and `additionalItems` are the others. */
function items(node: SchemaNode, schema: SchemaObject, { document }: Vicinity): Assertion {
  const children = (keyword: string): SchemaNode[] =>
    Array.isArray(schema[keyword]) ? schema[keyword].map((_, i) => document.child(node, keyword, i)) : []
  const old = Array.isArray(schema['items'])
  const rest = old ? 'additionalItems' : 'items'
  const prefix = old ? children('items') : children('prefixItems')
  return positions(
    document,
    prefix,
    schema[rest] === undefined || Array.isArray(schema[rest]) ? null : document.child(node, rest),
  )
}

function positions(document: SchemaDocument, prefix: readonly SchemaNode[], rest: SchemaNode | null): Assertion {
  const literal = (node: SchemaNode): Literal => ({ node, holds: true })
  const other = (node: SchemaNode, from: number, count: number): Formula => wrongItem(document, node, from, count)
  return {
    holds: () => fact({ on: 'array', is: 'items', prefix: prefix.map(literal), rest: rest && literal(rest) }),
    fails: () =>
      all(
        array,
        any(...prefix.map((node, i) => other(node, i, 1)), ...(rest ? [other(rest, prefix.length, Infinity)] : [])),
      ),
  }
}

/** An item at `from`, or from there on, that does not satisfy the schema. */
function wrongItem(document: SchemaDocument, node: SchemaNode, from: number, count: number): Formula {
  const literal: Literal = { node, holds: false }
  if (count > 1) return fact({ on: 'array', is: 'contains', literal, from, min: 1, max: Infinity })
  const nothing: Literal[] = Array.from({ length: from }, () => ({ node: document.anything, holds: true }))
  return all(length(from + 1, Infinity), fact({ on: 'array', is: 'items', prefix: [...nothing, literal], rest: null }))
}

function contains(node: SchemaNode, schema: SchemaObject, { document }: Vicinity): Assertion {
  if (schema['contains'] === undefined) return unasked
  const literal: Literal = { node: document.child(node, 'contains'), holds: true }
  const least = (schema['minContains'] as number | undefined) ?? 1
  const most = (schema['maxContains'] as number | undefined) ?? Infinity
  const counted = (min: number, max: number): Formula[] =>
    min > max ? [] : [fact({ on: 'array', is: 'contains', literal, from: 0, min, max })]
  return {
    holds: () => (least > most ? types(~type.array) : counted(least, most)[0]!),
    fails: () => all(array, any(...counted(0, least - 1), ...(most === Infinity ? [] : counted(most + 1, Infinity)))),
  }
}

function unique({ at }: SchemaNode, { uniqueItems }: SchemaObject): Assertion {
  if (uniqueItems === false) return unasked
  const error = unsupported('that two items are equal cannot be enforced', { at, keyword: 'uniqueItems' })
  return {
    holds: () => fact({ on: 'array', is: 'unique', at }),
    fails: () => all(array, length(2, Infinity), fact({ on: 'array', is: 'refused', error })),
  }
}

export const arrayAssertions: readonly Group[] = [
  ...bounds(type.array, ['minItems', 'maxItems'], (min, max) => ({ on: 'array', is: 'length', min, max })),
  { keywords: ['prefixItems', 'items', 'additionalItems'], assertion: items },
  { keywords: ['contains', 'minContains', 'maxContains'], assertion: contains },
  { keywords: ['uniqueItems'], assertion: unique },
  {
    keywords: [constantItems],
    assertion(node, { [constantItems]: value }, vicinity) {
      const values = value as unknown[]
      const exact = { on: 'array', is: 'length', min: values.length, max: values.length } as const
      const nodes = values.map((item, i) => constantMember(node, i, item, vicinity))
      const each = positions(vicinity.document, nodes, null)
      return {
        holds: () => all(fact(exact), each.holds()),
        fails: () => all(array, any(length(0, values.length - 1), length(values.length + 1, Infinity), each.fails())),
      }
    },
  },
]
