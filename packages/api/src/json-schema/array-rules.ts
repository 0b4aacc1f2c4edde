import type { ArrayFact, Contains, Literal } from './formula.ts'
import type { Unevaluated } from './unevaluated.ts'

/** All that is said of an array, put together. */
export interface ArrayRules {
  /** What an item at a position satisfies. */
  item(position: number): readonly Literal[]
  /** From this position on, all items satisfy the same. */
  readonly positions: number
  readonly min: number
  readonly max: number
  readonly contains: readonly Contains[]
  readonly unevaluated: readonly Unevaluated[]
  /** The place of a schema that wants no item twice. */
  readonly unique: string | undefined
}

/** Puts facts together. */
export function arrayRules(facts: readonly ArrayFact[], unevaluated: readonly Unevaluated[]): ArrayRules {
  const items = facts.filter((fact) => fact.is === 'items')
  const refused = facts.find((fact) => fact.is === 'refused')
  if (refused) throw refused.error
  const lengths = facts.filter((fact) => fact.is === 'length')
  return {
    item: (position) =>
      items.flatMap(({ prefix, rest }) => (position < prefix.length ? [prefix[position]!] : rest ? [rest] : [])),
    positions: Math.max(0, ...items.map(({ prefix }) => prefix.length), ...unevaluated.map(({ from }) => from)),
    min: Math.max(0, ...lengths.map(({ min }) => min)),
    max: Math.min(Infinity, ...lengths.map(({ max }) => max)),
    contains: facts.filter((fact) => fact.is === 'contains'),
    unevaluated,
    unique: facts.find((fact) => fact.is === 'unique')?.at,
  }
}

/** Beyond, items that are told apart by their position would need too many rules. */
export const mostPositions = 2000
