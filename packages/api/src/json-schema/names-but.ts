import type { Dfa } from '../grammar/dfa.ts'
import { anyString } from '../grammar/json-string.ts'

/**
 * All names but some, as JSON literals in JSON.stringify's form. Walks along those that are left out as long as one may still
 * come, so that many of them cost no more than their letters.
 */
export class NamesBut implements Dfa {
  readonly size: number
  /** [nodes] What follows on each byte of a literal that is left out. */
  readonly #nodes: Map<number, number>[] = []
  /** [nodes] Where all names would stand there. */
  readonly #outside: number[] = []
  /** The ends of literals that are left out; nothing leads there. */
  readonly #ends = new Set<number>()

  constructor(names: readonly string[]) {
    this.#add(0)
    const encoder = new TextEncoder()
    for (const name of names) {
      let node = 0
      for (const byte of encoder.encode(JSON.stringify(name))) node = this.#enter(node, byte)
      this.#ends.add(node)
    }
    this.size = this.#nodes.length + allNames().size
  }

  next(state: number, byte: number): number {
    if (state < 0) return -1
    const offset = this.#nodes.length
    if (state >= offset) return shifted(allNames().next(state - offset, byte), offset)
    const node = this.#nodes[state]!.get(byte)
    if (node !== undefined) return this.#ends.has(node) ? -1 : node
    return shifted(allNames().next(this.#outside[state]!, byte), offset)
  }

  isFinal(state: number): boolean {
    return state >= this.#nodes.length && allNames().isFinal(state - this.#nodes.length)
  }

  #enter(from: number, byte: number): number {
    const known = this.#nodes[from]!.get(byte)
    if (known !== undefined) return known
    const node = this.#add(allNames().next(this.#outside[from]!, byte))
    this.#nodes[from]!.set(byte, node)
    return node
  }

  #add(outside: number): number {
    this.#outside.push(outside)
    return this.#nodes.push(new Map()) - 1
  }
}

function shifted(state: number, by: number): number {
  return state < 0 ? -1 : state + by
}

let all: Dfa | undefined

function allNames(): Dfa {
  return (all ??= anyString('stringified'))
}
