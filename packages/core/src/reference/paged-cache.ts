import type { NodeCache, NodeCaches } from '../node-caches.ts'

/** Positions in a page: a multiple of the rows that are multiplied at once. */
export const pageSize = 16

/** Keys and values of `pageSize` positions of one attention node, shared by forks until one of them writes. */
interface Page {
  readonly keys: Float64Array
  readonly values: Float64Array
  owners: number
}

/** Keys and values of one sequence for one attention node, [S, columns] each, in pages. */
export class KeyValues implements NodeCache {
  #pages: (Page | undefined)[] = []

  /** Stores the key and value [columns] of a position, first copying a page that a fork shares. */
  write(position: number, key: Float64Array, value: Float64Array): void {
    const index = Math.floor(position / pageSize)
    const page = this.#own(index, key.length)
    const offset = (position % pageSize) * key.length
    page.keys.set(key, offset)
    page.values.set(value, offset)
  }

  /** The pages of the positions [from, to), which have been written. */
  pages(from: number, to: number): readonly Pick<Page, 'keys' | 'values'>[] {
    return this.#pages.slice(Math.floor(from / pageSize), Math.ceil(to / pageSize)) as Page[]
  }

  #own(index: number, columns: number): Page {
    const page = this.#pages[index]
    if (page?.owners === 1) return page
    const size = pageSize * columns
    const own = page
      ? { keys: page.keys.slice(), values: page.values.slice(), owners: 1 }
      : { keys: new Float64Array(size), values: new Float64Array(size), owners: 1 }
    if (page) page.owners--
    return (this.#pages[index] = own)
  }

  /** Drops the pages that lie wholly outside positions [first, length). */
  keep(first: number, length: number): void {
    this.#pages.forEach((page, index) => {
      if (page === undefined) return
      if (index * pageSize < length && (index + 1) * pageSize > first) return
      page.owners--
      this.#pages[index] = undefined
    })
    this.#pages.length = Math.min(this.#pages.length, Math.ceil(length / pageSize))
  }

  fork(): KeyValues {
    const twin = new KeyValues()
    twin.#pages = this.#pages.slice()
    for (const page of twin.#pages) if (page) page.owners++
    return twin
  }

  /** A shared page counts in parts, so that the sum over all forks is what is held. */
  get bytes(): number {
    return this.#pages.reduce((sum, page) => sum + (page ? (page.keys.byteLength * 2) / page.owners : 0), 0)
  }
}

/** What the reference remembers of a sequence: doubles. */
export type PagedCache = NodeCaches<KeyValues>
