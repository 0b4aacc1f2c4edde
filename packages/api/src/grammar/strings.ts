import { byteClasses } from './byte-classes.ts'
import type { Dfa } from './dfa.ts'
import { checkStates, defaultLimits, Work, type Limits } from './limit.ts'
import { TableDfa } from './table-dfa.ts'

/** A state whose ways out may still grow. */
class Growing {
  readonly next = new Map<number, number>()
  isFinal = false
}

/**
 * The set of the given strings. Taken in order, a state is done when the next string leaves it, and shared with one that is
 * equal (Daciuk, Mihov, Watson and Watson 2000): the automaton is never larger than the least one and the longest string.
 */
export function ofStrings(strings: Iterable<string>, limits: Limits = defaultLimits): TableDfa {
  const work = new Work(limits)
  const rows: Growing[] = []
  const known = new Map<string, number>()
  /** The states that the last string runs through, not yet done. */
  const path = [new Growing()]
  const done = (state: Growing): number => {
    const key = `${state.isFinal}${[...state.next]}`
    const same = known.get(key)
    if (same !== undefined) return same
    checkStates(rows.length + 1, limits)
    known.set(key, rows.length)
    return rows.push(state) - 1
  }
  let last = new Uint8Array()
  const finish = (depth: number): void => {
    while (path.length - 1 > depth) {
      const state = path.pop()!
      path.at(-1)!.next.set(last[path.length - 1]!, done(state))
    }
  }
  for (const bytes of sorted(strings, work)) {
    const common = commonPrefix(last, bytes)
    finish(common)
    for (let i = common; i < bytes.length; i++) path.push(new Growing())
    path.at(-1)!.isFinal = true
    last = bytes
  }
  finish(0)
  return tableFrom([path[0]!, ...rows])
}

/** States behind the first count from 1. */
function tableFrom(states: readonly Growing[]): TableDfa {
  const used = new Set(states.flatMap(({ next }) => [...next.keys()]))
  const classes = byteClasses((byte) => (used.has(byte) ? byte : -1))
  const width = classes.bytes.length
  const next = new Int32Array(states.length * width).fill(-1)
  states.forEach((state, i) => {
    for (const [byte, to] of state.next) next[i * width + classes.of[byte]!] = to + 1
  })
  return TableDfa.from(classes, { width, next, final: Uint8Array.from(states, ({ isFinal }) => Number(isFinal)) })
}

/** Counted before anything is done, for sorting takes as long as all else. */
function sorted(strings: Iterable<string>, work: Work): Uint8Array<ArrayBuffer>[] {
  const all = [...strings]
  for (const text of all) work.add(2 * text.length + 2)
  const encoder = new TextEncoder()
  return all.map((text) => encoder.encode(text)).sort(compare)
}

function compare(a: Uint8Array, b: Uint8Array): number {
  const common = commonPrefix(a, b)
  return (a[common] ?? -1) - (b[common] ?? -1)
}

function commonPrefix(a: Uint8Array, b: Uint8Array): number {
  let i = 0
  while (i < a.length && i < b.length && a[i] === b[i]) i++
  return i
}

/** All strings of a finite set, in no order; undefined where there are more than `limit`. */
export function enumerated(dfa: Dfa, limit: number): Uint8Array[] | undefined {
  const found: Uint8Array[] = []
  const waiting = dfa.size > 0 ? [{ state: 0, bytes: [] as readonly number[] }] : []
  for (let at = waiting.pop(); at !== undefined; at = waiting.pop()) {
    const { state, bytes } = at
    // In a finite set no string runs through a state twice.
    if (bytes.length >= dfa.size) return undefined
    if (dfa.isFinal(state)) found.push(Uint8Array.from(bytes))
    if (found.length > limit) return undefined
    for (let byte = 0; byte < 256; byte++) {
      const to = dfa.next(state, byte)
      if (to >= 0) waiting.push({ state: to, bytes: [...bytes, byte] })
    }
  }
  return found
}
