import type { PlacedFact } from './alternatives.ts'
import type { ArrayFact, Contains, Literal, Members, ObjectFact } from './formula.ts'

/** What is asked of items that nothing else in the schema looked at. */
export interface Unevaluated {
  readonly literal: Literal
  readonly from: number
  /** An item that is counted by one of these has been looked at. */
  readonly evaluatedBy: ReadonlySet<Contains>
}

interface Placed<Of> {
  readonly fact: Of
  readonly scopes: readonly number[]
}

/** Those facts of an alternative that are on one type. */
export function factsOn<On extends PlacedFact['fact']['on']>(
  facts: readonly PlacedFact[],
  on: On,
): Placed<Extract<PlacedFact['fact'], { on: On }>>[] {
  return facts.filter(
    (placed): placed is PlacedFact & Placed<Extract<PlacedFact['fact'], { on: On }>> => placed.fact.on === on,
  )
}

/** The same without where they stand. */
export function bareFactsOn<On extends PlacedFact['fact']['on']>(
  facts: readonly PlacedFact[],
  on: On,
): Extract<PlacedFact['fact'], { on: On }>[] {
  return factsOn(facts, on).map(({ fact }) => fact)
}

/** The other facts whose looks at members count where this one stands. */
function countingTo<Of>(fact: Of & { readonly scope: number }, facts: readonly Placed<Of>[]): Of[] {
  return facts.filter((other) => other.fact !== fact && other.scopes.includes(fact.scope)).map(({ fact }) => fact)
}

/** What `unevaluatedItems` asks, once it is known what has been evaluated. */
export function unevaluatedItems(facts: readonly Placed<ArrayFact>[]): Unevaluated[] {
  return facts.flatMap(({ fact }) => {
    if (fact.is !== 'unevaluated') return []
    const within = countingTo(fact, facts)
    if (within.some((other) => other.is === 'unevaluated' || (other.is === 'items' && other.rest))) return []
    const from = Math.max(0, ...within.map((other) => (other.is === 'items' ? other.prefix.length : 0)))
    return [{ literal: fact.literal, from, evaluatedBy: new Set(within.filter((other) => other.is === 'contains')) }]
  })
}

/** What `unevaluatedProperties` asks, as of all members but those that have been evaluated. */
export function unevaluatedMembers(facts: readonly Placed<ObjectFact>[]): Members[] {
  return facts.flatMap(({ fact }) => {
    if (fact.is !== 'unevaluated') return []
    const within = countingTo(fact, facts)
    if (within.some((other) => other.is === 'unevaluated' || (other.is === 'members' && other.rest))) return []
    const members = within.filter((other) => other.is === 'members')
    return [
      {
        is: 'members',
        names: new Map(members.flatMap(({ names }) => [...names.keys()].map((name) => [name, null]))),
        patterns: members.flatMap(({ patterns }) => patterns.map(({ set }) => ({ set, literal: null }))),
        rest: fact.literal,
      },
    ]
  })
}
