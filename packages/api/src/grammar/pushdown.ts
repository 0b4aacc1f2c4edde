import { InputError } from '@tramontane/core'
import { closure } from './closure.ts'
import type { Node, Program, SetNode } from './program.ts'
import { Stack, type Frame, State, type Configuration } from './state.ts'

export interface PushdownLimits {
  /** Ways in which a text can be read at the same time; more are refused. */
  readonly configurations?: number
  /** How much is remembered before all is forgotten, in states. */
  readonly states?: number
}

/** Runs a program over bytes, all its alternatives at once. Its states can be shared by any number of texts. */
export class Pushdown {
  readonly program: Program
  readonly #limits: Required<PushdownLimits>
  #bottom: Stack
  #unions = new Map<string, State>()
  /** Configurations looked at so far: what steps that were not known yet have cost. */
  work = 0
  #ids = 0
  #made = 0

  constructor(program: Program, { configurations = 1024, states = 100_000 }: PushdownLimits = {}) {
    this.program = program
    this.#limits = { configurations, states }
    this.#bottom = new Stack(this.#ids++)
  }

  /** Before the first byte. */
  get start(): State {
    // From every node the end can be reached, so there is a state.
    return this.closure(this.program.start, this.#bottom)!
  }

  /** As `start`, where one space in front is read over: whatever begins with a space has it behind another one. */
  startAfterSpace(): State {
    const { configurations, accepting } = this.start
    return new State(configurations, accepting, new Map([[0x20, this.start]]))
  }

  /** Null where the byte is not possible. Throws InputError where there are too many ways to read the text. */
  step(state: State, byte: number): State | null {
    let next = state.next.get(byte)
    if (next === undefined) state.next.set(byte, (next = this.#step(state, byte)))
    return next
  }

  /** The bytes that are possible, ascending. */
  bytesFrom({ configurations, next }: State): number[] {
    const possible = (byte: number): boolean =>
      next.has(byte)
        ? next.get(byte) !== null
        : configurations.some(({ node, at }) => node.terminal.dfa.next(at, byte) >= 0)
    return Array.from({ length: 256 }, (_, byte) => byte).filter(possible)
  }

  /** Where a stack goes on at a node, before the next byte. Null where there is nothing at all. */
  closure(node: Node, stack: Stack): State | null {
    let state = stack.closures?.get(node)
    if (state === undefined) (stack.closures ??= new Map()).set(node, (state = closure(this, node, stack)))
    return state
  }

  /** The stack with a frame on top. */
  push(below: Stack, frame: Frame): Stack {
    const count = frame.kind === 'counted' ? frame.count : 0
    const key = count * this.program.size + frame.node.id
    let stack = below.pushed?.get(key)
    if (stack === undefined) (below.pushed ??= new Map()).set(key, (stack = new Stack(this.#id(), frame, below)))
    return stack
  }

  /** The state that stands in one place alone. */
  single(node: SetNode, at: number, stack: Stack): State {
    let state = stack.states?.get(node.offset + at)
    if (state === undefined) {
      state = new State([{ id: this.#id(), node, at, stack }], false)
      ;(stack.states ??= new Map()).set(node.offset + at, state)
    }
    return state
  }

  /** Everything that is possible in one of the states; null of none. */
  union(states: readonly State[], accepting = false): State | null {
    if (states.length === 0 && !accepting) return null
    if (states.length === 1 && !accepting) return states[0]!
    const all = new Map<number, Configuration>()
    for (const { configurations } of states) for (const one of configurations) all.set(one.id, one)
    this.check(all.size)
    this.work += all.size
    const accepts = accepting || states.some((state) => state.accepting)
    const ids = [...all.keys()].sort((a, b) => a - b)
    const key = `${ids.join()}${accepts ? '.' : ''}`
    let state = this.#unions.get(key)
    if (state === undefined) {
      state = new State(
        ids.map((id) => all.get(id)!),
        accepts,
      )
      this.#unions.set(key, state)
      this.#id()
    }
    return state
  }

  /** Throws InputError where there are too many. */
  check(configurations: number): void {
    const limit = this.#limits.configurations
    if (configurations <= limit) return
    throw new InputError(`the grammar is too ambiguous: the text so far can be read in more than ${limit} ways`)
  }

  #step({ configurations }: State, byte: number): State | null {
    if (this.#made > this.#limits.states) this.#forget()
    this.work += configurations.length
    const states: State[] = []
    for (const { node, at, stack } of configurations) {
      const to = node.terminal.dfa.next(at, byte)
      if (to < 0) continue
      if (node.terminal.goesOn(to)) states.push(this.single(node, to, stack))
      const ended = node.terminal.dfa.isFinal(to) ? this.closure(node.next, stack) : null
      if (ended) states.push(ended)
    }
    return this.union(states)
  }

  /** States that somebody holds stay good: they only are no longer the same objects as equal ones made later. */
  #forget(): void {
    this.#bottom = new Stack(this.#id())
    this.#unions = new Map()
    this.#made = 0
  }

  #id(): number {
    this.#made++
    return this.#ids++
  }
}
