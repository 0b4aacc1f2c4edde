import { accepts } from '../grammar/dfa.ts'
import type { Literal, Members, ObjectFact, SomeMember } from './formula.ts'
import type { Values } from './values.ts'

/** All that is said of an object, put together. */
export interface ObjectRules {
  readonly members: readonly Members[]
  /** All names that are said singly, in order, and whether they are in `properties`. */
  readonly names: ReadonlyMap<string, boolean>
  readonly required: ReadonlySet<string>
  readonly forbidden: ReadonlySet<string>
  readonly allowed: readonly Literal[]
  readonly some: readonly SomeMember[]
  readonly min: number
  readonly max: number
  /** Where the counts are said. */
  readonly counted: string
}

/** Puts facts together. */
export function objectRules(facts: readonly ObjectFact[], unevaluated: readonly Members[]): ObjectRules {
  const refused = facts.find((fact) => fact.is === 'refused')
  if (refused) throw refused.error
  const members = [...facts.filter((fact) => fact.is === 'members'), ...unevaluated]
  const required = new Set(facts.flatMap((fact) => (fact.is === 'required' ? fact.names : [])))
  const forbidden = new Set(facts.flatMap((fact) => (fact.is === 'forbidden' ? [fact.name] : [])))
  const counts = facts.filter((fact) => fact.is === 'count')
  const names = new Map(members.flatMap(({ names }) => [...names.keys()].map((name) => [name, true])))
  const some = facts.filter((fact) => fact.is === 'some')
  // What a member must not be called is a name of its own, apart from all others.
  const others = [...required, ...forbidden, ...some.flatMap(({ except }) => [...except])]
  for (const name of others) if (!names.has(name)) names.set(name, false)
  return {
    members,
    names,
    required,
    forbidden,
    allowed: facts.flatMap((fact) => (fact.is === 'names' ? [fact.literal] : [])),
    some,
    min: Math.max(0, ...counts.map(({ min }) => min)),
    max: Math.min(Infinity, ...counts.map(({ max }) => max)),
    counted: counts[0]?.at ?? '',
  }
}

const utf8 = new TextEncoder()

/** What the value of a name satisfies that is said singly; undefined where there must be none. */
export function memberLiterals(name: string, rules: ObjectRules, values: Values): Literal[] | undefined {
  if (rules.forbidden.has(name)) return undefined
  if (rules.allowed.length > 0 && !accepts(values.strings(rules.allowed), utf8.encode(name))) return undefined
  return rules.members.flatMap(({ names, patterns, rest }) => {
    const matching = patterns
      .filter(({ set }) => accepts(values.dfa(set), utf8.encode(name)))
      .map(({ literal }) => literal)
    const own = names.get(name)
    const literals = own !== undefined ? [own, ...matching] : matching.length > 0 ? matching : [rest]
    return literals.filter((literal) => literal !== null)
  })
}
