import { accepts } from '../grammar/dfa.ts'
import { choice, repeat, sequence, text, type Expression } from '../grammar/grammar.ts'
import type { Literal, SomeMember } from './formula.ts'
import { orderedMembers } from './member-order.ts'
import { planOf } from './member-plan.ts'
import type { ObjectRules } from './object-rules.ts'
import { unsupported } from './schema-error.ts'
import { nothing } from './tokens.ts'
import type { Values } from './values.ts'

const utf8 = new TextEncoder()

/** The JSON texts of objects. */
export function objectExpression(rules: ObjectRules, values: Values): Expression {
  const variants = settled(rules, values)
  return choice(...variants.map((one) => sequence(values.tokens.openObject, membersExpression(one, values), text('}'))))
}

/** Members of which one is asked to be there, by which one it is: a name that is said, or none of those. */
function settled(rules: ObjectRules, values: Values): ObjectRules[] {
  let variants: ObjectRules[] = [{ ...rules, some: [] }]
  for (const some of rules.some.map((some) => withNamesAsSet(some, values))) {
    variants = variants.flatMap((variant) => [
      ...[...variant.names.keys()]
        .filter((name) => suits(name, some, values))
        .map((name) => withMember(variant, name, some.literal)),
      { ...variant, some: [...variant.some, some] },
    ])
    if (variants.length > mostVariants)
      throw values.tooLarge('too many properties may be the one that is not as it says')
  }
  return variants
}

const mostVariants = 200

function suits(name: string, { except, sets }: SomeMember, values: Values): boolean {
  if (except.has(name)) return false
  return sets.every(({ set, holds }) => accepts(values.dfa(set), utf8.encode(name)) === holds)
}

/** A schema of the name is a set like a pattern's. */
function withNamesAsSet(some: SomeMember, values: Values): SomeMember {
  const { name, sets } = some
  if (name === null) return some
  const key = `names ${name.holds} ${name.node.id}`
  return { ...some, name: null, sets: [...sets, { set: { key, dfa: () => values.strings([name]) }, holds: true }] }
}

function withMember(rules: ObjectRules, name: string, literal: Literal | null): ObjectRules {
  return {
    ...rules,
    required: new Set([...rules.required, name]),
    members: literal
      ? [...rules.members, { is: 'members', names: new Map([[name, literal]]), patterns: [], rest: null }]
      : rules.members,
  }
}

function membersExpression(rules: ObjectRules, values: Values): Expression {
  const plan = planOf(rules, values)
  if (plan === undefined) return choice()
  const { declared, loose, extras, needed } = plan
  const { max, counted } = rules
  const sure = declared.filter(({ isRequired }) => isRequired).length + loose.length
  const min = rules.min <= sure ? 0 : rules.min
  if (extras.length > 0 && min > sure + 1)
    throw unsupported(
      `that ${min} properties have different names is enforced only where they are required or no others are allowed; require them`,
      { at: counted, keyword: 'minProperties' },
    )
  if (declared.length + loose.length + needed.length > 0) return orderedMembers(plan, min, values)
  return likeMembers(
    extras.map(({ expression }) => expression),
    min,
    max,
    values,
  )
}

/** Members that are all alike; at least one is the most that may be asked. */
function likeMembers(members: readonly Expression[], min: number, max: number, values: Values): Expression {
  const { comma, space } = values.tokens
  const empty = min === 0 ? [nothing] : []
  if (members.length === 0 || max === 0) return choice(...empty)
  if (max > 1_000_000 && max < Infinity) throw values.tooLarge('expected "maxProperties" up to 1000000')
  const one = members.length === 1 ? members[0]! : values.rule(choice(...members))
  const more = repeat(sequence(comma, one), 0, max === Infinity ? null : max - 1)
  return choice(...empty, sequence(one, more, space))
}
