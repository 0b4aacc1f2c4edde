import type { Expression } from '../grammar/grammar.ts'
import { mostPositions, type ArrayRules } from './array-rules.ts'
import { notUnique } from './distinct-items.ts'
import type { Contains, Literal } from './formula.ts'
import { stepped, type Steps } from './steps.ts'
import type { Values } from './values.ts'

/** Counts items that satisfy a schema; those that are told apart by position or length besides. */
export function countedItems(rules: ArrayRules, values: Values): Expression {
  const { contains, unevaluated, positions, min, max } = rules
  if (rules.unique !== undefined && max > 1) throw notUnique(rules.unique)
  const last = Math.max(positions, 1, min, max === Infinity ? 0 : max, ...contains.map(({ from }) => from))
  if (last > mostPositions) throw values.tooLarge('counts of items are too large together with "contains"')
  interface State {
    readonly at: number
    readonly counts: readonly number[]
  }
  const limit = ({ min, max }: Contains): number => (max === Infinity ? min : max)
  const next = ({ at, counts }: State): { part: Expression; to: State }[] => {
    if (at >= max) return []
    const open = contains.flatMap(({ from }, i) => (at >= from ? [i] : []))
    return subsets(open).flatMap((marked) => {
      const isMarked = (i: number): boolean => marked.includes(i)
      // At its upper end no more may be counted; without one, what is beyond the lower end need not be.
      if (marked.some((i) => contains[i]!.max !== Infinity && counts[i] === contains[i]!.max)) return []
      const literals = open.flatMap((i): Literal[] => {
        const { literal, max } = contains[i]!
        if (isMarked(i)) return [literal]
        return max === Infinity ? [] : [{ node: literal.node, holds: !literal.holds }]
      })
      const others = unevaluated
        .filter(({ from, evaluatedBy }) => at >= from && !marked.some((i) => evaluatedBy.has(contains[i]!)))
        .map(({ literal }) => literal)
      const to = {
        at: Math.min(at + 1, last),
        counts: counts.map((count, i) => Math.min(count + Number(isMarked(i)), limit(contains[i]!))),
      }
      return [{ part: values.value([...rules.item(at), ...literals, ...others]), to }]
    })
  }
  const steps: Steps<State> = {
    start: { at: 0, counts: contains.map(() => 0) },
    isFirst: ({ at }) => at === 0,
    key: ({ at, counts }) => `${at};${counts}`,
    mayEnd: ({ at, counts }) => at >= min && contains.every(({ min }, i) => counts[i]! >= min),
    next,
  }
  return stepped(steps, values)
}

function subsets(items: readonly number[]): number[][] {
  return Array.from({ length: 2 ** items.length }, (_, bits) => items.filter((_, i) => (bits >> i) & 1))
}
