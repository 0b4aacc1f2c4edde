import type { Cache } from '@tramontane/core'
import type { Recorder } from './recorder.ts'

/** Positions of a page, as the kernels have it. */
export const pageSize = 64

/** Keys and values of all sequences for one attention node: pages of [64, G · d] in float32. */
interface Store {
  readonly columns: { readonly keys: number; readonly values: number }
  /** null before there is a page. */
  keys: GPUBuffer | null
  values: GPUBuffer | null
}

/** Pages of all attention nodes of a program. A page has the same number in every node's store; it is taken as tokens come. */
export class Pages {
  readonly #recorder: Recorder
  readonly #stores: ReadonlyMap<string, Store>
  /** Sequences that have each page. */
  readonly #owners: number[] = []
  readonly #free: number[] = []

  /** `columns`: G · d of keys and of values, by node. */
  constructor(recorder: Recorder, columns: ReadonlyMap<string, Store['columns']>) {
    this.#recorder = recorder
    this.#stores = new Map([...columns].map(([node, size]) => [node, { columns: size, keys: null, values: null }]))
  }

  /** Of a node that has a page. */
  storeOf(node: string): { readonly keys: GPUBuffer; readonly values: GPUBuffer } {
    return this.#stores.get(node) as { keys: GPUBuffer; values: GPUBuffer }
  }

  /** @throws {Error} there is no memory for another page */
  async take(): Promise<number> {
    if (this.#free.length === 0) await this.#grow()
    const page = this.#free.pop()!
    this.#owners[page] = 1
    return page
  }

  share(page: number): void {
    this.#owners[page]++
  }

  release(page: number): void {
    if (--this.#owners[page] === 0) this.#free.push(page)
  }

  owners(page: number): number {
    return this.#owners[page]
  }

  /** A page with the same contents. */
  async copyOf(page: number): Promise<number> {
    const twin = await this.take()
    const sides = [...this.#stores.values()].flatMap(({ columns, keys, values }) => [
      [keys!, 4 * pageSize * columns.keys],
      [values!, 4 * pageSize * columns.values],
    ]) as [GPUBuffer, number][]
    // No command copies within a buffer.
    const [between] = await this.#recorder.allocate([Math.max(...sides.map(([, size]) => size))])
    for (const [buffer, size] of sides) {
      this.#recorder.copy(buffer, page * size, between, 0, size)
      this.#recorder.copy(between, 0, buffer, twin * size, size)
    }
    this.#recorder.submit()
    between.destroy()
    return twin
  }

  /** Bytes of a page in all stores. */
  get pageBytes(): number {
    return [...this.#stores.values()].reduce(
      (sum, { columns }) => sum + 4 * pageSize * (columns.keys + columns.values),
      0,
    )
  }

  dispose(): void {
    for (const { keys, values } of this.#stores.values()) for (const buffer of [keys, values]) buffer?.destroy()
  }

  /** Twice as many pages: each is moved once on average. What is held stays as it is until there is room for all. */
  async #grow(): Promise<void> {
    const before = this.#owners.length
    const after = Math.max(4, 2 * before)
    const stores = [...this.#stores.values()]
    const sizes = stores.flatMap(({ columns }) => [columns.keys, columns.values]).map((n) => 4 * pageSize * n)
    const larger = await this.#recorder.allocate(sizes.map((size) => size * after))
    const old = stores.flatMap(({ keys, values }) => [keys, values])
    for (const [i, buffer] of old.entries()) if (buffer) this.#recorder.copy(buffer, 0, larger[i], 0, sizes[i] * before)
    this.#recorder.submit()
    for (const buffer of old) buffer?.destroy()
    for (const [i, store] of stores.entries()) [store.keys, store.values] = [larger[2 * i], larger[2 * i + 1]]
    for (let page = after - 1; page >= before; page--) {
      this.#owners[page] = 0
      this.#free.push(page)
    }
  }
}

/** The pages of one sequence, the same for every attention node. */
export class PagedCache implements Cache {
  readonly #pages: Pages
  /** By position / 64; undefined where a window has left the page. */
  #own: (number | undefined)[] = []

  constructor(pages: Pages) {
    this.#pages = pages
  }

  /**
   * Pages for positions up to `to`, those from `from` on for writing. May be asked again for the same.
   *
   * @throws {Error} there is no memory for another page
   */
  async prepare(from: number, to: number): Promise<void> {
    for (let i = Math.floor(from / pageSize); i * pageSize < to; i++) {
      const page = this.#own[i]
      if (page === undefined) this.#own[i] = await this.#pages.take()
      else if (this.#pages.owners(page) > 1) {
        this.#own[i] = await this.#pages.copyOf(page)
        this.#pages.release(page)
      }
    }
  }

  /** Page numbers by position / 64, with 0 where none is read. */
  table(): Uint32Array {
    return Uint32Array.from(this.#own, (page) => page ?? 0)
  }

  keep(first: number, length: number): void {
    const end = Math.ceil(length / pageSize)
    for (const [i, page] of this.#own.entries()) {
      if (page === undefined || (i < end && (i + 1) * pageSize > first)) continue
      this.#pages.release(page)
      this.#own[i] = undefined
    }
    this.#own.length = Math.min(this.#own.length, end)
  }

  fork(): PagedCache {
    const twin = new PagedCache(this.#pages)
    twin.#own = this.#own.slice()
    for (const page of this.#own) if (page !== undefined) this.#pages.share(page)
    return twin
  }

  close(): void {
    this.keep(0, 0)
  }

  /** A shared page counts in parts. */
  get bytes(): number {
    const share = this.#own.reduce<number>(
      (sum, page) => sum + (page === undefined ? 0 : 1 / this.#pages.owners(page)),
      0,
    )
    return share * this.#pages.pageBytes
  }
}
