import type { Dfa } from './dfa.ts'

/** A single byte string. */
export class Literal implements Dfa {
  readonly size: number
  readonly #bytes: Uint8Array

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.size = bytes.length + 1
  }

  next(state: number, byte: number): number {
    return this.#bytes[state] === byte ? state + 1 : -1
  }

  isFinal(state: number): boolean {
    return state === this.#bytes.length
  }
}

interface TrieNode {
  /** The strings that begin with what led here, until they are sorted by their next byte. */
  members: readonly Uint8Array[]
  readonly depth: number
  readonly final: boolean
  next: Map<number, number> | undefined
}

/**
 * One of many byte strings: a trie that is built where it is entered. An enum of 10⁵ strings costs nothing before it is
 * used, and of its branches only those that an answer takes are ever sorted. Expects at least one string.
 */
export class LiteralSet implements Dfa {
  /** At most this many: states are numbered as they are found. */
  readonly size: number
  readonly #nodes: TrieNode[] = []

  constructor(strings: readonly Uint8Array[]) {
    this.size = strings.reduce((sum, { length }) => sum + length, 1)
    this.#add(strings, 0)
  }

  next(state: number, byte: number): number {
    const node = this.#nodes[state]!
    return (node.next ?? this.#sort(node)).get(byte) ?? -1
  }

  isFinal(state: number): boolean {
    return this.#nodes[state]!.final
  }

  #sort(node: TrieNode): Map<number, number> {
    const groups = new Map<number, Uint8Array[]>()
    for (const member of node.members) {
      if (member.length === node.depth) continue
      const byte = member[node.depth]!
      const group = groups.get(byte)
      if (group) group.push(member)
      else groups.set(byte, [member])
    }
    node.members = []
    node.next = new Map([...groups].map(([byte, members]) => [byte, this.#add(members, node.depth + 1)]))
    return node.next
  }

  #add(members: readonly Uint8Array[], depth: number): number {
    const final = members.some(({ length }) => length === depth)
    return this.#nodes.push({ members, depth, final, next: undefined }) - 1
  }
}
