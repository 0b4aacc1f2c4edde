import { sequence, set, text, type Expression } from '../grammar/grammar.ts'
import type { Literal, SomeMember } from './formula.ts'
import { nameClasses, type NameClass } from './names.ts'
import { memberLiterals, type ObjectRules } from './object-rules.ts'
import { unsupported } from './schema-error.ts'
import type { Values } from './values.ts'

/** A member whose name is said. */
export interface Declared {
  readonly expression: Expression
  readonly isRequired: boolean
}

export interface Plan {
  readonly rules: ObjectRules
  /** In order. */
  readonly declared: readonly Declared[]
  /** Required, but nobody said where: they come in any order. */
  readonly loose: readonly Expression[]
  readonly extras: readonly { readonly expression: Expression; readonly class: NameClass }[]
  /** Extras of which at least one must come. */
  readonly needed: readonly (readonly number[])[]
}

/** Beyond so many rules, which any order of them needs, they come in the order in which they are required. */
const mostLoose = 600

export function planOf(rules: ObjectRules, values: Values): Plan | undefined {
  const value = (literals: readonly Literal[]): Expression => sequence(values.tokens.colon, values.value(literals))
  const declared: Declared[] = []
  const loose: Expression[] = []
  const undeclared = [...rules.required].filter((name) => rules.names.get(name) === false).length
  const areLoose = 2 ** undeclared * (rules.names.size - undeclared + 1) <= mostLoose
  for (const [name, isDeclared] of rules.names) {
    const literals = memberLiterals(name, rules, values)
    const isRequired = rules.required.has(name)
    if (literals === undefined || values.isNever(literals)) {
      if (isRequired) return undefined
      continue
    }
    const expression = sequence(text(JSON.stringify(name)), value(literals))
    if (!isDeclared && isRequired && areLoose) loose.push(expression)
    else declared.push({ expression, isRequired })
  }
  const sets = rules.some.flatMap(({ sets }) => sets.map(({ set }) => set))
  const classes = nameClasses(rules.members, sets, rules.allowed, [...rules.names.keys()], values)
  const extras = classes.map((one) => ({ expression: sequence(set(one.literals), value(one.value)), class: one }))
  return { rules, declared, loose, extras, needed: rules.some.map((some) => suiting(some, classes, values)) }
}

/** The classes of names of which one must come. Its value must be what it is asked to be by being of the class. */
function suiting({ sets, literal, at, keyword }: SomeMember, classes: readonly NameClass[], values: Values): number[] {
  return classes.flatMap(({ within, value }, i) => {
    if (!sets.every(({ set, holds }) => within.has(set.key) === holds)) return []
    const isSame = literal === null || values.isAlways(literal) || value.some((one) => isSameLiteral(one, literal))
    if (isSame) return [i]
    if (literal !== null && values.isNone([...value, literal])) return []
    throw unsupported('that some property is not as it says cannot be enforced', { at, keyword })
  })
}

function isSameLiteral(a: Literal, b: Literal): boolean {
  return a.node === b.node && a.holds === b.holds
}
