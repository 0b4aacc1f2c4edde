import { elements, type NodeCache, type NodeCaches } from '@tramontane/core'
import { allOrNone } from './arena.ts'
import type { Runtime } from './runtime.ts'

/** Keys and values of neighbouring positions; never changed, shared by forks. One tensor for each lane of heads. */
export interface Chunk<T> {
  /** Position of the first. */
  readonly from: number
  readonly length: number
  /** [d, length], or [G, d, length] */
  readonly keys: readonly T[]
  /** [length, d], or [G, length, d] */
  readonly values: readonly T[]
}

interface Owned<T> extends Chunk<T> {
  owners: number
}

/** Positions that a chunk grows to one by one. Each is copied once for every later one in it: 32 times on average. */
const tail = 64
/** So many chunks of about the same length become one: a position is copied once more for each power of this. */
const fan = 8
/** A longer chunk grows no more. */
const longest = 4096

/**
 * Keys and values of one sequence for one attention node. Tensors cannot be written to, so new positions are joined to a
 * short last chunk, and chunks are joined as they become many: few tensors for a long past, few bytes copied per token.
 */
export class Chunks<T> implements NodeCache {
  readonly #runtime: Runtime<T>
  #chunks: Owned<T>[] = []

  constructor(runtime: Runtime<T>) {
    this.#runtime = runtime
  }

  /** Takes over the keys and values of the positions that come next. */
  append(chunk: Chunk<T>): void {
    this.#chunks.push({ ...chunk, owners: 1 })
    const last = this.#chunks.at(-2)
    if (last !== undefined && last.length < tail) this.#join(2)
    while (this.#alike() >= fan) this.#join(fan)
  }

  /** Chunks that have a position in [from, to). */
  within(from: number, to: number): readonly Chunk<T>[] {
    return this.#chunks.filter((chunk) => chunk.from < to && chunk.from + chunk.length > from)
  }

  keep(first: number, length: number): void {
    const inside = this.#chunks.filter((chunk) => chunk.from < length && chunk.from + chunk.length > first)
    // It may fail: before anything is let go.
    const kept = inside.map((chunk) =>
      chunk.from + chunk.length <= length ? chunk : this.#shortened(chunk, length - chunk.from),
    )
    const gone = this.#chunks.filter((chunk) => !kept.includes(chunk))
    this.#chunks = kept
    for (const chunk of gone) this.#release(chunk)
  }

  fork(): Chunks<T> {
    const twin = new Chunks(this.#runtime)
    twin.#chunks = this.#chunks.slice()
    for (const chunk of twin.#chunks) chunk.owners++
    return twin
  }

  /** A shared chunk counts in parts. */
  get bytes(): number {
    const numbers = this.#chunks.reduce((sum, { keys, values, owners }) => {
      const own = [...keys, ...values].reduce((n, x) => n + elements(this.#runtime.shape(x)), 0)
      return sum + own / owners
    }, 0)
    return numbers * this.#runtime.operandBytes
  }

  /** How many chunks at the end are full and of about one length. */
  #alike(): number {
    const size = (chunk: Chunk<T>): number => Math.floor(Math.log(chunk.length / tail) / Math.log(fan))
    const last = this.#chunks.at(-1)!
    if (last.length < tail || last.length * fan > longest) return 0
    const other = this.#chunks.findLastIndex((chunk) => size(chunk) !== size(last))
    return this.#chunks.length - 1 - other
  }

  /** Makes one of the last chunks. */
  #join(count: number): void {
    const parts = this.#chunks.slice(-count)
    const r = this.#runtime
    const joined = allOrNone(r, (own) => {
      const lanes = (side: 'keys' | 'values', axis: number): T[] =>
        parts[0][side].map((x, lane) => {
          const rank = r.shape(x).length
          return own(
            r.concat(
              parts.map((part) => part[side][lane]),
              rank - axis,
            ),
          )
        })
      return { keys: lanes('keys', 1), values: lanes('values', 2) }
    })
    const length = parts.reduce((sum, part) => sum + part.length, 0)
    this.#chunks.splice(-count, count, { from: parts[0].from, length, ...joined, owners: 1 })
    for (const part of parts) this.#release(part)
  }

  #shortened(chunk: Chunk<T>, length: number): Owned<T> {
    return { from: chunk.from, length, ...cut(this.#runtime, chunk, length), owners: 1 }
  }

  #release(chunk: Owned<T>): void {
    if (--chunk.owners > 0) return
    for (const x of [...chunk.keys, ...chunk.values]) this.#runtime.free(x)
  }
}

/** Keys and values of the first positions of a chunk, as new tensors. */
export function cut<T>(
  r: Runtime<T>,
  { keys, values }: Pick<Chunk<T>, 'keys' | 'values'>,
  length: number,
): Pick<Chunk<T>, 'keys' | 'values'> {
  const some = (x: T, axis: number): T => {
    const size = r.shape(x).slice()
    size[size.length - axis] = length
    const begin = size.map(() => 0)
    return r.slice(x, begin, size)
  }
  return allOrNone(r, (own) => ({
    keys: keys.map((x) => own(some(x, 1))),
    values: values.map((x) => own(some(x, 2))),
  }))
}

/** What the backend remembers of a sequence. */
export type ChunkedCache<T> = NodeCaches<Chunks<T>>
