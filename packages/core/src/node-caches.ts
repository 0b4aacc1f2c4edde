import type { NodeOf } from './graph.ts'
import type { Cache } from './cache.ts'

/** What a backend remembers of one sequence for one attention node. Methods as in `Cache`. */
export interface NodeCache {
  keep(first: number, length: number): void
  fork(): NodeCache
  /** What forks share counts in parts, so that the sum over all of them is what is held. */
  readonly bytes: number
}

/** What a backend remembers of a sequence: one `NodeCache` per attention node. */
export class NodeCaches<N extends NodeCache> implements Cache {
  readonly #nodes: ReadonlyMap<string, N>

  constructor(nodes: ReadonlyMap<string, N>) {
    this.#nodes = nodes
  }

  static for<N extends NodeCache>(attentions: readonly NodeOf<'attention'>[], make: () => N): NodeCaches<N> {
    return new NodeCaches(new Map(attentions.map(({ name }) => [name, make()])))
  }

  of(node: string): N {
    return this.#nodes.get(node)!
  }

  keep(first: number, length: number): void {
    for (const node of this.#nodes.values()) node.keep(first, length)
  }

  close(): void {
    this.keep(0, 0)
  }

  fork(): NodeCaches<N> {
    return new NodeCaches(new Map([...this.#nodes].map(([name, node]) => [name, node.fork() as N])))
  }

  get bytes(): number {
    return [...this.#nodes.values()].reduce((sum, node) => sum + node.bytes, 0)
  }
}
