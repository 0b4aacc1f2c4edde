import { refined } from './byte-classes.ts'
import type { Dfa } from './dfa.ts'
import { exploredDfa } from './explore.ts'
import { defaultLimits, type Limits } from './limit.ts'
import { tableOf, type TableDfa } from './table-dfa.ts'

/** The strings of which `isIn` says so, given whether they are in one set and in the other; never those in neither. */
function product(a: Dfa, b: Dfa, isIn: (a: boolean, b: boolean) => boolean, limits: Limits): TableDfa {
  const [first, second] = [tableOf(a, limits), tableOf(b, limits)]
  // A pair of states as one number; a missing state counts as number `size`.
  const columns = second.size + 1
  const missing = first.size * columns + second.size
  const pair = (x: number, y: number): number => (x < 0 ? first.size : x) * columns + (y < 0 ? second.size : y)
  const split = (state: number): [number, number] => [Math.floor(state / columns), state % columns]
  const description = {
    start: pair(first.size > 0 ? 0 : -1, second.size > 0 ? 0 : -1),
    key: (state: number) => state,
    next: (state: number, byte: number) => {
      const [x, y] = split(state)
      const to = pair(x === first.size ? -1 : first.next(x, byte), y === second.size ? -1 : second.next(y, byte))
      return to === missing ? undefined : to
    },
    isFinal: (state: number) => {
      const [x, y] = split(state)
      return isIn(first.isFinal(x), second.isFinal(y))
    },
  }
  return exploredDfa(refined([first.classes, second.classes]), description, limits)
}

/** Strings in both sets. */
export function intersection(a: Dfa, b: Dfa, limits: Limits = defaultLimits): TableDfa {
  return product(a, b, (a, b) => a && b, limits)
}

/** Strings in either set. */
export function union(a: Dfa, b: Dfa, limits: Limits = defaultLimits): TableDfa {
  return product(a, b, (a, b) => a || b, limits)
}

/** Strings in the first set that are not in the second. */
export function difference(a: Dfa, b: Dfa, limits: Limits = defaultLimits): TableDfa {
  return product(a, b, (a, b) => a && !b, limits)
}

export function isEmpty(dfa: Dfa): boolean {
  return dfa.size === 0
}

/** Whether no string is in both sets. */
export function isDisjoint(a: Dfa, b: Dfa, limits: Limits = defaultLimits): boolean {
  return isEmpty(intersection(a, b, limits))
}

/** Whether all strings of the first set are in the second. */
export function isSubset(a: Dfa, b: Dfa, limits: Limits = defaultLimits): boolean {
  return isEmpty(difference(a, b, limits))
}

/** Whether the same strings are in both sets. */
export function isEquivalent(a: Dfa, b: Dfa, limits: Limits = defaultLimits): boolean {
  return isSubset(a, b, limits) && isSubset(b, a, limits)
}
