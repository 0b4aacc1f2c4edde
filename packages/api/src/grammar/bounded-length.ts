import type { Dfa } from './dfa.ts'
import type { TableDfa } from './table-dfa.ts'

const isContinuation = (byte: number): boolean => byte >= 0x80 && byte < 0xc0

/** How many code points the strings of a set have at least, and at most: Infinity where they may be of any length. */
export function lengthsOf(strings: TableDfa): { readonly min: number; readonly max: number } {
  const toEnd = pointsToEnd(strings)
  return { min: toEnd[0] ?? 0, max: longest(strings) }
}

/** Those strings of a set that have at most `max` code points, without a table: a state is a state of the set and a count. */
export class BoundedLength implements Dfa {
  readonly size: number
  readonly #strings: TableDfa
  readonly #max: number
  readonly #toEnd: readonly number[]

  /** Expects that a string of the set is short enough. */
  constructor(strings: TableDfa, max: number) {
    this.#strings = strings
    this.#max = max
    this.#toEnd = pointsToEnd(strings)
    this.size = strings.size * (max + 1)
  }

  next(state: number, byte: number): number {
    if (state < 0) return -1
    const { size } = this.#strings
    const to = this.#strings.next(state % size, byte)
    const count = Math.floor(state / size) + (isContinuation(byte) ? 0 : 1)
    return to < 0 || count + this.#toEnd[to]! > this.#max ? -1 : to + count * size
  }

  isFinal(state: number): boolean {
    return this.#strings.isFinal(state % this.#strings.size)
  }
}

/** [states] The fewest code points that begin on the way to a final state. */
function pointsToEnd(strings: TableDfa): number[] {
  const toEnd = Array.from({ length: strings.size }, (_, state) => (strings.isFinal(state) ? 0 : Infinity))
  const before = Array.from({ length: strings.size }, (): [number, number][] => [])
  for (let state = 0; state < strings.size; state++) {
    for (const [to, cost] of moves(strings, state)) before[to]!.push([state, cost])
  }
  let near = toEnd.flatMap((points, state) => (points === 0 ? [state] : []))
  // States at the same distance together: those that a continuation leads from are of them.
  for (let points = 0; near.length > 0; points++) {
    const far: number[] = []
    for (let state = near.pop(); state !== undefined; state = near.pop()) {
      if (toEnd[state] !== points) continue
      for (const [from, cost] of before[state]!) {
        if (toEnd[from]! <= points + cost) continue
        toEnd[from] = points + cost
        ;(cost === 0 ? near : far).push(from)
      }
    }
    near = far
  }
  return toEnd
}

/** Where a state leads to, and whether a code point begins on the way. */
function moves(strings: TableDfa, state: number): [number, number][] {
  const targets = [...strings.classes.bytes].map((byte): [number, number] => [
    strings.next(state, byte),
    isContinuation(byte) ? 0 : 1,
  ])
  return targets.filter(([to]) => to >= 0)
}

/** The most code points of a string; a way back to a state on the way means any number. */
function longest(strings: TableDfa): number {
  const known = new Map<number, number>()
  const path: { state: number; rest: [number, number][]; most: number }[] = []
  const onPath = new Set<number>()
  const enter = (state: number): void => {
    path.push({ state, rest: moves(strings, state), most: 0 })
    onPath.add(state)
  }
  if (strings.size > 0) enter(0)
  for (let top = path.at(-1); top !== undefined; top = path.at(-1)) {
    const move = top.rest.at(-1)
    if (move === undefined) {
      known.set(top.state, top.most)
      onPath.delete(top.state)
      path.pop()
    } else if (onPath.has(move[0])) return Infinity
    else if (known.has(move[0])) {
      top.rest.pop()
      top.most = Math.max(top.most, move[1] + known.get(move[0])!)
    } else enter(move[0])
  }
  return known.get(0) ?? 0
}
