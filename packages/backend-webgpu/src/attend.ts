import type { Pages } from './pages.ts'
import { float, type Prepared, type Recorder } from './recorder.ts'
import { WorkList, type AttentionShape, type PagedSpan } from './work-list.ts'

type Bound = GPUBuffer | GPUBufferBinding

/** Buffers that all layers share. */
export interface AttendBuffers {
  /** [rows, stride] */
  readonly query: Bound
  /** Of `partialBytes`. */
  readonly partial: Bound
  /** [rows, stride] */
  readonly out: Bound
  /** Numbers from one row to the next. */
  readonly queryStride: number
  readonly outStride: number
}

/**
 * Attention of whole passes over the pages: each key and value is read once for a block of query rows of its KV head.
 * `plan` once a pass, when its pages are there; then `run` for each attention node, whose keys and values are stored.
 */
export class Attend {
  readonly #recorder: Recorder
  readonly #pages: Pages
  readonly #shape: AttentionShape
  readonly #buffers: AttendBuffers
  readonly #list: WorkList
  readonly #prepared = new Map<string, Prepared>()
  #work: GPUBuffer | null = null
  #version = 0
  #seenPages = 0

  constructor(recorder: Recorder, pages: Pages, shape: AttentionShape, buffers: AttendBuffers) {
    this.#recorder = recorder
    this.#pages = pages
    this.#shape = shape
    this.#buffers = buffers
    this.#list = new WorkList(shape)
  }

  /**
   * Spans that together are all rows of a pass.
   *
   * @throws {Error} there is no memory for the list
   */
  async plan(spans: readonly PagedSpan[]): Promise<void> {
    this.#list.plan(spans)
    const { words } = this.#list
    if (this.#work === null || this.#work.size < words.byteLength) {
      const size = 2 ** Math.ceil(Math.log2(Math.max(2 ** 16, words.byteLength)))
      const [larger] = await this.#recorder.allocate([size])
      this.#work?.destroy()
      this.#work = larger
      this.#renew()
    }
    if (this.#seenPages !== this.#pages.version) this.#renew()
    this.#recorder.write(this.#work, words)
  }

  /** What is planned; at its beginning the slot of every row [T] in the pages: page · 64 + position % 64. */
  get work(): GPUBuffer {
    return this.#work!
  }

  /** Of the first T rows, as in `work`. */
  slots(T: number): readonly number[] {
    return [...this.#list.words.subarray(0, T)]
  }

  /** Goes up when `work` or the buffers of the pages are others: what is prepared with them is to be made anew. */
  get version(): number {
    return this.#version
  }

  /** Dispatches of the planned pass for each node: 2 when some keys were split. */
  get dispatches(): number {
    return this.#list.merges.count > 0 ? 2 : 1
  }

  /** query [T, H · d] → out [T, H · d]. */
  run(node: string): void {
    const { items, merges } = this.#list
    const { kvHeads, headSize, window } = this.#shape
    const { queryStride, outStride } = this.#buffers
    const params = [items.at, queryStride, outStride, window ?? 0, float(1 / Math.sqrt(headSize))]
    this.#recorder.run(this.#attend(node), params, [items.count, kvHeads])
    if (merges.count > 0) this.#recorder.run(this.#combine(), [merges.at, outStride], [merges.count, kvHeads])
  }

  dispose(): void {
    this.#recorder.submit()
    this.#work?.destroy()
  }

  #attend(node: string): Prepared {
    const { rows, positions } = this.#list.tiling
    return this.#once(`${node} ${rows}`, () => {
      const { keys, values } = this.#pages.storeOf(node)
      const { query, partial, out } = this.#buffers
      return this.#recorder.prepare({
        kernel: 'attend',
        constants: { ...this.#constants(), rows, positions },
        buffers: [keys, values, query, this.work, partial, out],
      })
    })
  }

  #combine(): Prepared {
    const { rows } = this.#list.tiling
    return this.#once(`${rows}`, () => {
      const { partial, out } = this.#buffers
      return this.#recorder.prepare({
        kernel: 'combine',
        constants: { ...this.#constants(), rows },
        buffers: [this.work, partial, out],
      })
    })
  }

  #constants(): Record<string, number> {
    const { heads, kvHeads, headSize } = this.#shape
    return { kv_heads: kvHeads, head_size: headSize, group_heads: heads / kvHeads }
  }

  #once(key: string, prepare: () => Prepared): Prepared {
    const found = this.#prepared.get(key) ?? prepare()
    this.#prepared.set(key, found)
    return found
  }

  #renew(): void {
    this.#seenPages = this.#pages.version
    this.#prepared.clear()
    this.#version++
  }
}
