import type { NumberRules } from '../grammar/numbers.ts'
import type { Group } from './keyword-group.ts'
import type { SchemaObject } from './document.ts'
import { opposites, type, unasked, type Assertion } from './formula.ts'

type Bound = 'minimum' | 'maximum' | 'exclusiveMinimum' | 'exclusiveMaximum'

/** What is said of a number that does not keep a bound. */
const opposite: Readonly<Record<Bound, Bound>> = {
  minimum: 'exclusiveMaximum',
  exclusiveMinimum: 'maximum',
  maximum: 'exclusiveMinimum',
  exclusiveMaximum: 'minimum',
}

/** In draft 4 an exclusive bound is a flag beside the other. */
function bound(keyword: 'minimum' | 'maximum', schema: SchemaObject): Assertion {
  const exclusive = keyword === 'minimum' ? 'exclusiveMinimum' : 'exclusiveMaximum'
  return ruled(schema[exclusive] === true ? exclusive : keyword, schema[keyword] as number)
}

function exclusiveBound(
  keyword: 'exclusiveMinimum' | 'exclusiveMaximum',
  { [keyword]: value }: SchemaObject,
): Assertion {
  return typeof value === 'number' ? ruled(keyword, value) : unasked
}

function ruled(keyword: Bound, value: number): Assertion {
  const rules = (keyword: Bound): NumberRules => ({ [keyword]: String(value) })
  return opposites(
    type.number,
    { on: 'number', is: 'ruled', rules: rules(keyword), holds: true },
    { on: 'number', is: 'ruled', rules: rules(opposite[keyword]), holds: true },
  )
}

export const numberAssertions: readonly Group[] = [
  ...(['minimum', 'maximum'] as const).map((keyword): Group => ({
    keywords: [keyword],
    assertion: (_, schema) => bound(keyword, schema),
  })),
  ...(['exclusiveMinimum', 'exclusiveMaximum'] as const).map((keyword): Group => ({
    keywords: [keyword],
    assertion: (_, schema) => exclusiveBound(keyword, schema),
  })),
  {
    keywords: ['multipleOf'],
    assertion(_, { multipleOf }) {
      const rules = { multipleOf: [String(multipleOf as number)] }
      return opposites(
        type.number,
        { on: 'number', is: 'ruled', rules, holds: true },
        { on: 'number', is: 'ruled', rules, holds: false },
      )
    },
  },
]
