import { text, type Expression } from '../grammar/grammar.ts'
import type { ArrayRules } from './array-rules.ts'
import { unsupported } from './schema-error.ts'
import { stepped, type Steps } from './steps.ts'
import type { Values } from './values.ts'

/** More values cannot be told apart by which of them have come: sets of them are too many. */
const mostDistinct = 10

export function distinctItems({ item, positions, min, max }: ArrayRules, at: string, values: Values): Expression {
  const texts = (position: number): readonly string[] => {
    const known = values.scalars(item(position))
    if (known === undefined || known.length > mostDistinct) throw notUnique(at)
    return known
  }
  const byPosition = Array.from({ length: Math.min(positions, max) + 1 }, (_, i) => (i < max ? texts(i) : []))
  const last = Math.max(byPosition.length - 1, 1)
  interface State {
    readonly at: number
    readonly used: readonly string[]
  }
  const steps: Steps<State> = {
    start: { at: 0, used: [] },
    isFirst: ({ at }) => at === 0,
    key: ({ at, used }) => `${Math.min(at, last)};${used.toSorted().join()}`,
    mayEnd: ({ at }) => at >= min,
    next: ({ at, used }) =>
      at >= max
        ? []
        : byPosition[Math.min(at, byPosition.length - 1)]!.filter((value) => !used.includes(value)).map((value) => ({
            part: text(value),
            to: { at: at + 1, used: [...used, value] },
          })),
  }
  return stepped(steps, values)
}

export function notUnique(at: string): Error {
  return unsupported(
    `that no item comes twice is enforced only where items are one of at most ${mostDistinct} values; leave it out, or say "maxItems": 1`,
    { at, keyword: 'uniqueItems' },
  )
}
