import type { Group } from './keyword-group.ts'
import { formatOf } from './formats.ts'
import { fact, opposites, type, types, type Assertion, type TextSet } from './formula.ts'
import { patternSet } from './pattern-set.ts'
import { unsupported } from './schema-error.ts'

function inSet(set: TextSet): Assertion {
  return opposites(
    type.string,
    { on: 'string', is: 'in', set, holds: true },
    { on: 'string', is: 'in', set, holds: false },
  )
}

function format(name: string, at: string): Assertion {
  const known = formatOf(name)
  if (known?.on === 'string') return inSet(known.set)
  if (known?.on === 'number')
    return opposites(
      type.number,
      { on: 'number', is: 'ruled', rules: known.rules, holds: true },
      { on: 'number', is: 'ruled', rules: known.rules, holds: false },
    )
  if (known?.on === 'nothing')
    return { holds: () => ({ kind: 'all', parts: [] }), fails: () => ({ kind: 'any', parts: [] }) }
  const error = unsupported(`the format ${JSON.stringify(name)} is not known here`, { at, keyword: 'format' })
  const refused = fact({ on: 'string', is: 'refused', error })
  return { holds: () => refused, fails: () => ({ kind: 'all', parts: [types(type.string), refused] }) }
}

export const stringAssertions: readonly Group[] = [
  {
    keywords: ['minLength'],
    assertion: (_, schema) => {
      const count = schema['minLength'] as number
      return opposites(
        type.string,
        { on: 'string', is: 'length', min: count, max: Infinity },
        { on: 'string', is: 'length', min: 0, max: count - 1 },
      )
    },
  },
  {
    keywords: ['maxLength'],
    assertion: (_, schema) => {
      const count = schema['maxLength'] as number
      return opposites(
        type.string,
        { on: 'string', is: 'length', min: 0, max: count },
        { on: 'string', is: 'length', min: count + 1, max: Infinity },
      )
    },
  },
  {
    keywords: ['pattern'],
    assertion: ({ at }, schema) => inSet(patternSet(schema['pattern'] as string, at, 'pattern')),
  },
  { keywords: ['format'], assertion: ({ at }, schema) => format(schema['format'] as string, at) },
]
