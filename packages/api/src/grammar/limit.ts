import { InputError } from '@tramontane/core'

/** How large an automaton may become, and how much work its construction may be: both are reached without a clock. */
export interface Limits {
  /** States of any automaton, also of those on the way. */
  readonly states: number
  /** Elementary steps of one construction; 10⁶ take a tenth of a second or two. */
  readonly steps: number
  /** Steps that all constructions with these limits share; each takes from what is left. */
  readonly left?: { steps: number }
}

export const defaultLimits: Limits = { states: 20_000, steps: 500_000 }

/** An automaton that would become larger than allowed. */
export class LimitError extends InputError {
  override readonly name: string = 'LimitError'
}

/** Throws LimitError where an automaton has more states than allowed. */
export function checkStates(states: number, limits: Limits): void {
  if (states > limits.states) throw new LimitError(`the automaton needs more than ${limits.states} states, the limit`)
}

/** Counts the steps of one construction; throws LimitError where they are more than allowed. */
export class Work {
  #done = 0
  readonly limits: Limits

  constructor(limits: Limits) {
    this.limits = limits
  }

  add(steps: number): void {
    this.#done += steps
    this.share(steps)
    if (this.#done <= this.limits.steps) return
    throw new LimitError(`the automaton takes more than ${this.limits.steps} steps to build, the limit`)
  }

  /** Takes steps from those that constructions share, and from no one's own. */
  share(steps: number): void {
    const { left } = this.limits
    if (left && (left.steps -= steps) < 0)
      throw new LimitError('the automata take more steps to build than are allowed')
  }
}
