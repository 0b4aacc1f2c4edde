import { constant } from './constants.ts'
import type { Group, Vicinity } from './keyword-group.ts'
import type { SchemaNode, SchemaObject } from './document.ts'
import { all, any, anyType, fact, schema, type, types, type Assertion, type Formula } from './formula.ts'
import { pointerTo } from './json-pointer.ts'

/** Bits of the types that `type` names; `integer` is a number, and more. */
const bitsOf: Readonly<Record<string, number>> = {
  null: type.null,
  boolean: type.true | type.false,
  number: type.number,
  integer: type.number,
  string: type.string,
  array: type.array,
  object: type.object,
}

function typeAssertion({ type: named }: SchemaObject): Assertion {
  const names = Array.isArray(named) ? (named as string[]) : [named as string]
  const bits = names.reduce((bits, name) => bits | bitsOf[name]!, 0)
  const others = types(anyType & ~bits)
  if (!names.includes('integer') || names.includes('number')) return { holds: () => types(bits), fails: () => others }
  const whole = (holds: boolean): Formula => fact({ on: 'number', is: 'ruled', rules: { multipleOf: ['1'] }, holds })
  return {
    holds: () => all(types(bits), whole(true)),
    fails: () => any(others, all(types(type.number), whole(false))),
  }
}

/** Values that are neither arrays nor objects, by their types. */
interface Scalars {
  bits: number
  readonly strings: Set<string>
  readonly numbers: Set<number>
}

function scalarsOf(values: readonly unknown[]): Scalars {
  const scalars: Scalars = { bits: 0, strings: new Set(), numbers: new Set() }
  for (const value of values) {
    if (typeof value === 'string') scalars.strings.add(value)
    else if (typeof value === 'number') scalars.numbers.add(value)
    else if (typeof value !== 'object') scalars.bits |= value === true ? type.true : type.false
    else if (value === null) scalars.bits |= type.null
  }
  return scalars
}

/** Any of the values, or none of them. */
function among(
  values: readonly unknown[],
  pointerOf: (index: number) => string,
  node: SchemaNode,
  vicinity: Vicinity,
): Assertion {
  const { bits, strings, numbers } = scalarsOf(values)
  const composite = values.flatMap((value, i) =>
    typeof value === 'object' && value !== null ? [constant(value, pointerOf(i), node, vicinity)] : [],
  )
  const inSets = (holds: boolean): Formula[] => [
    ...(strings.size > 0 ? [fact({ on: 'string', is: 'among', values: strings, holds })] : []),
    ...(numbers.size > 0 ? [fact({ on: 'number', is: 'among', values: numbers, holds })] : []),
  ]
  const scalarTypes = bits | (strings.size > 0 ? type.string : 0) | (numbers.size > 0 ? type.number : 0)
  const scalar = scalarTypes === 0 ? [] : [all(types(scalarTypes), ...inSets(true))]
  return {
    holds: () => any(...scalar, ...composite.map((node) => schema(node))),
    fails: () => all(types(anyType & ~bits), ...inSets(false), ...composite.map((node) => schema(node, false))),
  }
}

export const valueAssertions: readonly Group[] = [
  { keywords: ['type'], assertion: (_, schema) => typeAssertion(schema) },
  {
    keywords: ['enum'],
    assertion(node, schema, vicinity) {
      const values = schema['enum'] as unknown[]
      const at = pointerTo(node.at, 'enum')
      return among(values, (i) => pointerTo(at, i), node, vicinity)
    },
  },
  {
    keywords: ['const'],
    assertion: (node, schema, vicinity) => among([schema['const']], () => pointerTo(node.at, 'const'), node, vicinity),
  },
]
