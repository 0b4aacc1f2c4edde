import type { ByteClasses } from './byte-classes.ts'
import { checkStates, Work, type Limits } from './limit.ts'
import type { Table } from './table.ts'
import { TableDfa } from './table-dfa.ts'

/** An automaton described by its states' names and what follows on them, not yet by numbers. */
export interface Description<State> {
  readonly start: State
  /** States of the same key are the same. */
  key(state: State): string | number
  /** The state behind a symbol, undefined where there is none. */
  next(state: State, symbol: number): State | undefined
  isFinal(state: State): boolean
}

/** Walks through all states that can be reached from the start. */
export function explored<State>(width: number, description: Description<State>, work: Work): Table {
  const { start, key, next, isFinal } = description
  const numbers = new Map<string | number, number>()
  const states: State[] = []
  const number = (state: State): number => {
    const known = numbers.get(key(state))
    if (known !== undefined) return known
    checkStates(states.length + 1, work.limits)
    numbers.set(key(state), states.length)
    return states.push(state) - 1
  }
  number(start)
  const moves: number[] = []
  for (let i = 0; i < states.length; i++) {
    work.add(width)
    for (let symbol = 0; symbol < width; symbol++) {
      const to = next(states[i]!, symbol)
      moves.push(to === undefined ? -1 : number(to))
    }
  }
  return { width, next: Int32Array.from(moves), final: Uint8Array.from(states, (state) => Number(isFinal(state))) }
}

/** The same over classes of bytes; `next` gets a byte of the class. */
export function exploredDfa<State>(classes: ByteClasses, description: Description<State>, limits: Limits): TableDfa {
  const { start, key, next, isFinal } = description
  const bySymbol = { start, key, isFinal, next: (state: State, symbol: number) => next(state, classes.bytes[symbol]!) }
  const work = new Work(limits)
  const table = explored(classes.bytes.length, bySymbol, work)
  work.share(minimizing * table.next.length)
  return TableDfa.from(classes, table)
}

/** What it costs to name and minimize states, in steps for each of their transitions. */
const minimizing = 3
