import type { Expression } from '../grammar/grammar.ts'
import type { Plan } from './member-plan.ts'
import { stepped, type Steps } from './steps.ts'
import type { Values } from './values.ts'

/** How far an object has been read. */
interface Progress {
  /** The declared member that may come next. */
  readonly next: number
  readonly isFirst: boolean
  /** Only declared ones may come: others come as early as they can, so that each object is read in one way. */
  readonly isSkipping: boolean
  /** Bits of the loose ones that have come. */
  readonly loose: number
  /** Bits of the needs that extras have met. */
  readonly met: number
  /** Members, as far as it matters. */
  readonly count: number
  /** Different names, as far as it matters: all extras may have the same. */
  readonly distinct: number
  readonly hasExtra: boolean
}

const start: Progress = {
  next: 0,
  isFirst: true,
  isSkipping: false,
  loose: 0,
  met: 0,
  count: 0,
  distinct: 0,
  hasExtra: false,
}

type Step = ReturnType<Steps<Progress>['next']>[number]

/** Declared members in their order, all others before, between and after them; `min` different names at least. */
export function orderedMembers(plan: Plan, min: number, values: Values): Expression {
  const { declared, loose, extras, needed } = plan
  const { max } = plan.rules
  const isOrdered = loose.length + extras.length === 0
  const begin = { ...start, isSkipping: isOrdered }
  /** The state behind one more member. */
  const counted = (state: Progress, isNew: boolean, change: Partial<Progress>): Progress => ({
    ...state,
    isFirst: false,
    count: max === Infinity ? 0 : state.count + 1,
    distinct: Math.min(min, state.distinct + Number(isNew)),
    ...change,
  })
  const looseSteps = (state: Progress): Step[] =>
    loose.flatMap((part, i) =>
      (state.loose >> i) & 1 ? [] : [{ part, to: counted(state, true, { loose: state.loose | (1 << i) }) }],
    )
  const extraSteps = (state: Progress): Step[] =>
    extras.map(({ expression }, i) => {
      const met = needed.reduce((bits, classes, bit) => bits | (classes.includes(i) ? 1 << bit : 0), state.met)
      return { part: expression, to: counted(state, !state.hasExtra, { hasExtra: min > 0, met }) }
    })
  const declaredStep = (state: Progress): Step[] => {
    const member = declared[state.next]
    const change = { next: state.next + 1, isSkipping: isOrdered }
    return member ? [{ part: member.expression, to: counted(state, true, change) }] : []
  }
  return stepped(
    {
      start: begin,
      key: ({ next, isFirst, isSkipping, loose, met, count, distinct, hasExtra }) =>
        [next, +isFirst, +isSkipping, loose, met, count, distinct, +hasExtra].join(),
      isFirst: ({ isFirst }) => isFirst,
      mayEnd: ({ next, isSkipping, loose: come, met, distinct }) =>
        isSkipping &&
        next === declared.length &&
        come === 2 ** loose.length - 1 &&
        met === 2 ** needed.length - 1 &&
        distinct >= min,
      next(state) {
        if (max !== Infinity && state.count >= max) return []
        return state.isSkipping ? declaredStep(state) : [...looseSteps(state), ...extraSteps(state)]
      },
      without(state) {
        if (!state.isSkipping) return { ...state, isSkipping: true }
        const member = declared[state.next]
        return member && !member.isRequired ? { ...state, next: state.next + 1 } : undefined
      },
    },
    values,
  )
}
