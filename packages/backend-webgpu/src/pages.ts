import { inferColumns, type Cache, type Graph } from '@tramontane/core'
import { bindingLimit } from './device.ts'
import type { Recorder } from './recorder.ts'
import type { Variants } from './shaders.ts'

/** Positions of a page, as the kernels have it. */
export const pageSize = 64

/** What keys and values are kept in. */
export type Element = 'F32' | 'F16'
export const elementBytes: Readonly<Record<Element, number>> = { F32: 4, F16: 2 }

/** Files of the kernels that know it: a recorder has one kind of pages. */
export const elementVariants: Readonly<Record<Element, Variants>> = {
  F32: {},
  F16: { quad: 'quad_f16', keep: 'keep_f16' },
}

/** G and d of an attention node. */
export interface HeadShape {
  readonly kvHeads: number
  readonly headSize: number
}

/** Of all attention nodes of a graph, by name. */
export function shapesOf(graph: Graph): ReadonlyMap<string, HeadShape> {
  const columns = inferColumns(graph)
  return new Map(
    graph.nodes.flatMap((node) =>
      node.op === 'attention'
        ? [[node.name, { kvHeads: node.kvHeads, headSize: columns.get(node.key)! / node.kvHeads }]]
        : [],
    ),
  )
}

/** Keys and values of all sequences for one attention node: see `pages.wgsl`. */
interface Store {
  /** Of `pages.wgsl`. */
  readonly constants: { readonly kv_heads: number; readonly head_size: number }
  /** Of one page, of keys or of values. */
  readonly bytes: number
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
  #version = 0

  constructor(recorder: Recorder, shapes: ReadonlyMap<string, HeadShape>, element: Element = 'F32') {
    this.#recorder = recorder
    this.#stores = new Map([...shapes].map(([node, shape]) => [node, emptyStore(shape, element)]))
  }

  /** Of a node that has a page. The buffers are others when `version` is another. */
  storeOf(node: string): Store & { readonly keys: GPUBuffer; readonly values: GPUBuffer } {
    return this.#stores.get(node) as Store & { keys: GPUBuffer; values: GPUBuffer }
  }

  /** Goes up when the stores have grown. */
  get version(): number {
    return this.#version
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
    const sides = [...this.#stores.values()].flatMap(({ bytes, keys, values }) => [
      [keys!, bytes] as const,
      [values!, bytes] as const,
    ])
    // No command copies within a buffer.
    const [between] = await this.#recorder.allocate([Math.max(...sides.map(([, size]) => size))]).catch((error) => {
      this.release(twin)
      throw error
    })
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
    return [...this.#stores.values()].reduce((sum, { bytes }) => sum + 2 * bytes, 0)
  }

  dispose(): void {
    for (const { keys, values } of this.#stores.values()) for (const buffer of [keys, values]) buffer?.destroy()
  }

  /** Twice as many, or as many as a binding holds. @throws {Error} that is no more */
  #sizeAfter(before: number, bytes: number): number {
    const most = Math.floor(bindingLimit(this.#recorder.device) / bytes)
    const after = Math.min(Math.max(4, 2 * before), most)
    if (after > before) return after
    throw new Error(
      `webgpu: keys or values of ${before * pageSize} tokens fill the largest binding of this device (${before * bytes} bytes); ` +
        'close sequences, use a shorter context, or keep them in float16',
    )
  }

  /** Twice as many pages: each is moved once on average. What is held stays as it is until there is room for all. */
  async #grow(): Promise<void> {
    const before = this.#owners.length
    const stores = [...this.#stores.values()]
    const after = this.#sizeAfter(before, Math.max(...stores.map(({ bytes }) => bytes)))
    const sizes = stores.flatMap(({ bytes }) => [bytes, bytes])
    const larger = await this.#recorder.allocate(sizes.map((size) => size * after))
    const old = stores.flatMap(({ keys, values }) => [keys, values])
    for (const [i, buffer] of old.entries()) if (buffer) this.#recorder.copy(buffer, 0, larger[i], 0, sizes[i] * before)
    this.#recorder.submit()
    for (const buffer of old) buffer?.destroy()
    for (const [i, store] of stores.entries()) [store.keys, store.values] = [larger[2 * i], larger[2 * i + 1]]
    this.#version++
    for (let page = after - 1; page >= before; page--) {
      this.#owners[page] = 0
      this.#free.push(page)
    }
  }
}

function emptyStore({ kvHeads, headSize }: HeadShape, element: Element): Store {
  const quads = Math.ceil(headSize / 4)
  return {
    constants: { kv_heads: kvHeads, head_size: headSize },
    bytes: elementBytes[element] * pageSize * kvHeads * 4 * quads,
    keys: null,
    values: null,
  }
}

/** The pages of one sequence, the same for every attention node. */
export class PagedCache implements Cache {
  readonly #pages: Pages
  /** By position / 64; undefined where a window has left the page. */
  #own: (number | undefined)[] = []
  /** The same for kernels; null when it is out of date. */
  #table: Uint32Array | null = null

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
      if (page !== undefined && this.#pages.owners(page) === 1) continue
      this.#table = null
      if (page === undefined) this.#own[i] = await this.#pages.take()
      else {
        this.#own[i] = await this.#pages.copyOf(page)
        this.#pages.release(page)
      }
    }
  }

  /** Page numbers by position / 64, with 0 where none is read. */
  table(): Uint32Array {
    return (this.#table ??= Uint32Array.from(this.#own, (page) => page ?? 0))
  }

  keep(first: number, length: number): void {
    const end = Math.ceil(length / pageSize)
    for (const [i, page] of this.#own.entries()) {
      if (page === undefined || (i < end && (i + 1) * pageSize > first)) continue
      this.#pages.release(page)
      this.#own[i] = undefined
      this.#table = null
    }
    if (this.#own.length > end) this.#table = null
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
