import type { Work } from './limit.ts'
import type { Table } from './table.ts'

/** No state: what was promised cannot be kept any more. */
const broken = -1
/** No state: whatever follows, what was promised is kept. */
const kept = -2

/**
 * Automata over symbols that the rest of the text has to satisfy: a thread that passed a lookahead carries a set of their
 * states, here by its number. Number 0 is the empty set; −1 is none, for what cannot be kept any more.
 */
export class Obligations {
  /** [states][symbols] */
  readonly #next: number[][] = []
  readonly #work: Work
  readonly #final: boolean[] = []
  readonly #sets: (readonly number[])[] = [[]]
  readonly #numbers = new Map<string, number>([['', 0]])

  constructor(work: Work) {
    this.#work = work
  }

  /** The state that promises that the rest is in the set of `table`. */
  add({ width, next, final }: Table): number {
    const offset = this.#next.length
    const rows = Array.from(final, (_, state) => Array.from(next.subarray(state * width, (state + 1) * width)))
    const isKept = rows.map((row, state) => final[state] === 1 && row.every((to) => to === state))
    const number = (state: number): number => (state < 0 ? broken : isKept[state] ? kept : offset + state)
    rows.forEach((row, state) => {
      this.#next.push(row.map(number))
      this.#final.push(final[state] === 1)
    })
    return rows.length === 0 ? broken : number(0)
  }

  /** The set that is promised after a symbol. */
  after(set: number, symbol: number): number {
    if (set === 0) return 0
    return this.#number(this.#sets[set]!.map((state) => this.#next[state]![symbol]!))
  }

  /** The set with one more state. */
  with(set: number, state: number): number {
    return this.#number([...this.#sets[set]!, state])
  }

  /** Whether all is kept if the text ends here. */
  areKept(set: number): boolean {
    return this.#sets[set]!.every((state) => this.#final[state])
  }

  #number(states: readonly number[]): number {
    // The few that most patterns make are counted with the threads that carry them; large sets, of many lookaheads, are not so cheap.
    this.#work.add(4 * Math.max(0, states.length - 4))
    if (states.includes(broken)) return -1
    const set = [...new Set(states)].filter((state) => state !== kept).sort((a, b) => a - b)
    const known = this.#numbers.get(set.join())
    if (known !== undefined) return known
    this.#numbers.set(set.join(), this.#sets.length)
    return this.#sets.push(set) - 1
  }
}

/** The table of all strings that are not in the set of this one. */
export function complementTable({ width, next, final }: Table): Table {
  const size = final.length
  return {
    width,
    next: Int32Array.from({ length: (size + 1) * width }, (_, i) =>
      i < next.length && next[i]! >= 0 ? next[i]! : size,
    ),
    final: Uint8Array.from({ length: size + 1 }, (_, state) => (state < size && final[state] === 1 ? 0 : 1)),
  }
}
