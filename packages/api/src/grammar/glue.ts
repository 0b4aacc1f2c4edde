import { refined } from './byte-classes.ts'
import type { Dfa } from './dfa.ts'
import { exploredDfa } from './explore.ts'
import { defaultLimits, LimitError, Work, type Limits } from './limit.ts'
import { tableOf, type TableDfa } from './table-dfa.ts'

/** Strings of the first set followed by one of the second, and so on. */
export function concatenation(parts: readonly Dfa[], limits: Limits = defaultLimits): TableDfa {
  return glued(
    parts,
    (part) => (part + 1 < parts.length ? [part + 1] : []),
    parts.length > 0 ? [0] : [],
    (part) => part + 1 === parts.length,
    parts.length === 0,
    limits,
  )
}

/** Strings of the set, one after the other, `min` to `max` times; `max` may be Infinity. */
export function repeat(dfa: Dfa, min: number, max: number, limits: Limits = defaultLimits): TableDfa {
  const copies = Number.isFinite(max) ? max : Math.max(1, min)
  // Each copy but the last may need a state of its own, more than are allowed would only be found out slowly.
  if (copies > limits.states) throw new LimitError(`${copies} repetitions are more than ${limits.states}, the limit`)
  const last = copies - 1
  const after = (part: number): number[] => (part < last ? [part + 1] : Number.isFinite(max) ? [] : [part])
  const ends = (part: number): boolean => part + 1 >= min
  const table = tableOf(dfa, limits)
  return glued(
    Array.from({ length: copies }, () => table),
    after,
    copies > 0 ? [0] : [],
    ends,
    min === 0,
    limits,
  )
}

/** Strings of the set, one after the other, any number of times. */
export function star(dfa: Dfa, limits: Limits = defaultLimits): TableDfa {
  return repeat(dfa, 0, Infinity, limits)
}

/**
 * Automata glued together: where `part` ends, those that `after` names may begin, or the whole may end where `ends` says so.
 * The subset construction; a state is the set of the states of parts that a string may have led to.
 */
function glued(
  parts: readonly Dfa[],
  after: (part: number) => readonly number[],
  first: readonly number[],
  ends: (part: number) => boolean,
  withEmpty: boolean,
  limits: Limits,
): TableDfa {
  const work = new Work(limits)
  const tables = parts.map((part) => tableOf(part, limits))
  work.add(tables.reduce((sum, { size }) => sum + size, 0))
  const offsets = tables.map(() => 0)
  for (let part = 1; part < tables.length; part++) offsets[part] = offsets[part - 1]! + tables[part - 1]!.size
  const partOf = new Int32Array(tables.reduce((sum, { size }) => sum + size, 0))
  tables.forEach(({ size }, part) => partOf.fill(part, offsets[part], offsets[part]! + size))
  const isFinal = (state: number): boolean => tables[partOf[state]!]!.isFinal(state - offsets[partOf[state]!]!)

  /** With the starts of all parts that may begin where one of the states ends. */
  const closed = (states: Set<number>): number[] => {
    for (const state of states)
      if (isFinal(state))
        for (const part of after(partOf[state]!)) if (tables[part]!.size > 0) states.add(offsets[part]!)
    return [...states].sort((a, b) => a - b)
  }
  const begin = closed(new Set(first.filter((part) => tables[part]!.size > 0).map((part) => offsets[part]!)))
  // The start as such is apart from a later state with the same members, for it alone may stand for the empty string.
  const description = {
    start: { members: begin, isStart: true },
    key: ({ members, isStart }: { members: number[]; isStart: boolean }) =>
      `${isStart && withEmpty ? 's' : ''}${members}`,
    next: ({ members }: { members: number[] }, byte: number) => {
      work.add(members.length)
      const to = new Set<number>()
      for (const state of members) {
        const part = partOf[state]!
        const next = tables[part]!.next(state - offsets[part]!, byte)
        if (next >= 0) to.add(offsets[part]! + next)
      }
      return to.size === 0 ? undefined : { members: closed(to), isStart: false }
    },
    isFinal: ({ members, isStart }: { members: number[]; isStart: boolean }) =>
      (isStart && withEmpty) || members.some((state) => isFinal(state) && ends(partOf[state]!)),
  }
  return exploredDfa(refined([...new Set(tables)].map(({ classes }) => classes)), description, limits)
}
