import { choice, rule, sequence, type Expression } from '../grammar/grammar.ts'
import { nothing } from './tokens.ts'
import type { Values } from './values.ts'

/** How a list of parts with commas between them is read: an automaton, each state of which becomes a rule. */
export interface Steps<State> {
  readonly start: State
  /** States of the same key are the same. */
  key(state: State): string
  /** Nothing has been read. */
  isFirst(state: State): boolean
  /** The list may end here. */
  mayEnd(state: State): boolean
  /** What may come next, and where it leads. */
  next(state: State): readonly { readonly part: Expression; readonly to: State }[]
  /** Where it may go on without reading. */
  without?(state: State): State | undefined
}

export function stepped<State>(steps: Steps<State>, values: Values): Expression {
  const names = new Map<string, string>()
  const open: { name: string; state: State }[] = []
  const to = (state: State): Expression => {
    const key = steps.key(state)
    let name = names.get(key)
    if (name === undefined) {
      names.set(key, (name = values.name()))
      open.push({ name, state })
    }
    return rule(name)
  }
  const start = to(steps.start)
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const { name, state } = at
    const isFirst = steps.isFirst(state)
    const { comma, space } = values.tokens
    const ways = steps.next(state).map(({ part, to: next }) => sequence(...(isFirst ? [] : [comma]), part, to(next)))
    const without = steps.without?.(state)
    if (without) ways.push(to(without))
    if (steps.mayEnd(state)) ways.push(isFirst ? nothing : space)
    values.define(name, choice(...ways))
  }
  return start
}
