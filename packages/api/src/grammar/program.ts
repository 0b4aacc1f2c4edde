import type { Dfa } from './dfa.ts'

/**
 * A grammar as a graph of steps. Every routine, every part of a repeat consumes at least a byte: what may be empty is
 * passed by at the place that calls it. So nothing loops without reading.
 */
export type Node =
  | SetNode
  | { readonly op: 'split'; readonly id: number; readonly to: readonly Node[] }
  | { readonly op: 'call'; readonly id: number; readonly routine: Routine; readonly next: Node }
  | CountedNode
  | { readonly op: 'return'; readonly id: number }

/** Reads a string of a set that is not empty. */
export interface SetNode {
  readonly op: 'set'
  readonly id: number
  readonly terminal: Terminal
  /** With the automaton's states added, no two numbers of a program are the same. */
  readonly offset: number
  readonly next: Node
}

/** Runs its part `min` to `max` times, at least once; how many have begun is counted on the stack. */
export interface CountedNode {
  readonly op: 'counted'
  readonly id: number
  readonly part: Routine
  readonly min: number
  readonly max: number
  readonly next: Node
}

/** What is run and then returns to its caller. */
export interface Routine {
  /** The rule it was made of, for messages. */
  readonly name: string
  /** Set once all routines are known, for they call each other. */
  entry: Node
}

export interface Program {
  readonly start: Node
  /** Ids are below it. */
  readonly size: number
}

/** A set of byte strings, and of which states it is known whether a string goes on there. */
export class Terminal {
  readonly dfa: Dfa
  readonly #goesOn = new Map<number, boolean>()

  #isPrefixFree: boolean | undefined

  constructor(dfa: Dfa) {
    this.dfa = dfa
  }

  /** No string of the set begins another one. Large sets are not looked through. */
  get isPrefixFree(): boolean {
    return (this.#isPrefixFree ??= this.dfa.size <= 100 && this.#endsWhereFinal())
  }

  goesOn(state: number): boolean {
    if (!this.dfa.isFinal(state)) return true
    let known = this.#goesOn.get(state)
    if (known === undefined) this.#goesOn.set(state, (known = hasNext(this.dfa, state)))
    return known
  }

  #endsWhereFinal(): boolean {
    const found = new Set([0])
    // A set gives what is added to it while it is read.
    for (const state of found) {
      if (this.dfa.isFinal(state) && this.goesOn(state)) return false
      for (let byte = 0; byte < 256; byte++) found.add(Math.max(0, this.dfa.next(state, byte)))
    }
    return true
  }
}

/** Whether a string may go on after this state. */
export function hasNext(dfa: Dfa, state: number): boolean {
  for (let byte = 0; byte < 256; byte++) if (dfa.next(state, byte) >= 0) return true
  return false
}
