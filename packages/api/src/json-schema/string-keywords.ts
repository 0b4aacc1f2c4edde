import { bounds, type Group } from './keyword-group.ts'
import { formatOf } from './formats.ts'
import { all, fact, opposites, type, types, unasked, type Assertion, type TextSet } from './formula.ts'
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
  if (known?.on === 'nothing') return unasked
  const error = unsupported(`the format ${JSON.stringify(name)} is not known here`, { at, keyword: 'format' })
  const refused = fact({ on: 'string', is: 'refused', error })
  return { holds: () => refused, fails: () => all(types(type.string), refused) }
}

export const stringAssertions: readonly Group[] = [
  ...bounds(type.string, ['minLength', 'maxLength'], (min, max) => ({ on: 'string', is: 'length', min, max })),
  {
    keywords: ['pattern'],
    assertion: ({ at }, schema) => inSet(patternSet(schema['pattern'] as string, at, 'pattern')),
  },
  { keywords: ['format'], assertion: ({ at }, schema) => format(schema['format'] as string, at) },
]
