import { inverse, renumbered, trim, type Table } from './table.ts'

/**
 * The least automaton of the same set, trimmed, its states in the order of a breadth-first walk: equal sets over equal symbols
 * give equal tables. Hopcroft's algorithm; as transitions may be missing, both first blocks have to be used as splitters.
 */
export function minimize(table: Table): Table {
  const trimmed = trim(table)
  const size = trimmed.final.length
  if (size === 0) return trimmed
  const partition = new Partition(trimmed.final)
  const { first, edges } = inverse(trimmed)
  const bySymbol: number[][] = Array.from({ length: trimmed.width }, () => [])
  for (let block = partition.waiting.pop(); block !== undefined; block = partition.waiting.pop()) {
    partition.isWaiting[block] = 0
    for (const state of partition.members(block))
      for (let i = first[state]!; i < first[state + 1]!; i++)
        bySymbol[edges[i]! % trimmed.width]!.push(Math.floor(edges[i]! / trimmed.width))
    for (const sources of bySymbol) {
      if (sources.length > 0) partition.split(sources)
      sources.length = 0
    }
  }
  return trim(renumbered(trimmed, partition.representatives(), partition.block), partition.block[0])
}

/** A partition of states into blocks; each block is a piece of one array, its marked states in front. */
class Partition {
  readonly block: Int32Array
  readonly waiting: number[] = []
  readonly isWaiting: Uint8Array
  readonly #states: Int32Array
  readonly #place: Int32Array
  readonly #from: Int32Array
  readonly #to: Int32Array
  readonly #marked: Int32Array
  #blocks = 0

  constructor(final: Uint8Array) {
    const size = final.length
    this.#states = Int32Array.from(final.keys()).sort((a, b) => final[a]! - final[b]!)
    this.#place = new Int32Array(size)
    this.#states.forEach((state, place) => (this.#place[state] = place))
    this.block = new Int32Array(size)
    this.#from = new Int32Array(size)
    this.#to = new Int32Array(size)
    this.#marked = new Int32Array(size)
    this.isWaiting = new Uint8Array(size)
    const others = size - final.reduce((sum, one) => sum + one, 0)
    for (const [from, to] of [
      [0, others],
      [others, size],
    ] as const)
      if (from < to) this.#wait(this.#add(from, to))
  }

  members(block: number): Int32Array {
    return this.#states.slice(this.#from[block], this.#to[block])
  }

  representatives(): Int32Array {
    return this.#from.slice(0, this.#blocks).map((place) => this.#states[place]!)
  }

  /** Puts those of a block that are among `states` apart from those that are not. */
  split(states: readonly number[]): void {
    const touched: number[] = []
    for (const state of states) {
      const block = this.block[state]!
      const place = this.#from[block]! + this.#marked[block]!
      if (this.#place[state]! < place) continue
      if (this.#marked[block]!++ === 0) touched.push(block)
      this.#swap(this.#place[state]!, place)
    }
    for (const block of touched) this.#splitMarked(block)
  }

  #splitMarked(block: number): void {
    const middle = this.#from[block]! + this.#marked[block]!
    this.#marked[block] = 0
    if (middle === this.#to[block]) return
    const added = this.#add(this.#from[block]!, middle)
    this.#from[block] = middle
    const addedIsSmaller = this.#to[added]! - this.#from[added]! <= this.#to[block]! - middle
    this.#wait(this.isWaiting[block] === 1 || addedIsSmaller ? added : block)
  }

  #add(from: number, to: number): number {
    const block = this.#blocks++
    this.#from[block] = from
    this.#to[block] = to
    for (let place = from; place < to; place++) this.block[this.#states[place]!] = block
    return block
  }

  #wait(block: number): void {
    this.isWaiting[block] = 1
    this.waiting.push(block)
  }

  #swap(a: number, b: number): void {
    const [stateA, stateB] = [this.#states[a]!, this.#states[b]!]
    this.#states[a] = stateB
    this.#states[b] = stateA
    this.#place[stateA] = b
    this.#place[stateB] = a
  }
}
