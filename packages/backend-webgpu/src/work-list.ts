import { pageSize } from './pages.ts'

/** Rows of a pass that are one after the other in one sequence. */
export interface PagedSpan {
  /** Page numbers by position / 64. */
  readonly table: Uint32Array
  /** Position of the row `from`. */
  readonly start: number
  readonly from: number
  readonly to: number
}

/** What is the same in every pass. */
export interface AttentionShape {
  readonly heads: number
  readonly kvHeads: number
  readonly headSize: number
  readonly window: number | null
}

/** How `attend` is cut to size: query rows of a block, positions whose keys are looked at together, workgroups that suffice. */
export interface Tiling {
  readonly rows: number
  readonly positions: number
  readonly workgroups: number
}

/** A few rows are bound by the reading of keys, many by arithmetic: these share what they have read. */
const few: Tiling = { rows: 4, positions: 128, workgroups: 1024 }
const many: Tiling = { rows: 16, positions: 64, workgroups: 512 }
/** As many rows as fit into 16 KiB of workgroup memory with a head of more than 128 numbers. */
const wide: Tiling = { ...many, rows: 8 }

/** Keys of a split at least, about. */
const shortest = 128

const [itemWords, mergeWords] = [8, 4]
const none = 0xffffffff

function tilings({ headSize }: AttentionShape): readonly Tiling[] {
  return [few, headSize <= 128 ? many : wide]
}

/** Bytes of the buffer `partial` of `attend` and `combine`, whatever the pass. */
export function partialBytes(shape: AttentionShape): number {
  // See `splitLength`: a block of x ≥ 3/2 such lengths is split in x, rounded, which is at most 4/3 · x.
  const rows = tilings(shape).map((tiling) => Math.ceil((4 / 3) * tiling.workgroups) * tiling.rows)
  return 16 * (Math.ceil(shape.headSize / 4) + 1) * Math.max(...rows)
}

/** Query rows `first` … `first + count − 1` of one span, and the keys that they see, from the beginning of a page on. */
interface Block {
  readonly span: number
  readonly first: number
  readonly count: number
  readonly begin: number
  readonly end: number
}

/**
 * What `attend` and `combine` have to do in one pass, for all layers: slots of the rows, page tables, items and merges.
 *
 * - slots [T]: page · 64 + position % 64 of every row, where its key and value go
 * - items: first row, rows, position − row of the pass, first key, end of the keys, table, number among the partial results
 *   or 2³² − 1, and one unused; rows are numbered token · H/G + head in its group
 * - merges: row, first partial result, how many, row in its block
 */
export class WorkList {
  readonly #shape: AttentionShape
  readonly #group: number
  /** Grows, and is used again. */
  #words = new Uint32Array(1024)
  #length = 0
  #tiling = few
  #items = { at: 0, count: 0 }
  #merges = { at: 0, count: 0 }

  constructor(shape: AttentionShape) {
    this.#shape = shape
    this.#group = shape.heads / shape.kvHeads
  }

  /** Until the next plan. */
  get words(): Uint32Array {
    return this.#words.subarray(0, this.#length)
  }

  get tiling(): Tiling {
    return this.#tiling
  }

  /** Where the items begin, in words, and how many there are; each is there for every KV head. */
  get items(): { readonly at: number; readonly count: number } {
    return this.#items
  }

  /** The same of rows whose keys were split. */
  get merges(): { readonly at: number; readonly count: number } {
    return this.#merges
  }

  /** Spans that together are all rows of a pass. */
  plan(spans: readonly PagedSpan[]): void {
    const tokens = spans.reduce((sum, { from, to }) => sum + to - from, 0)
    const average = (tokens * this.#group) / spans.length
    this.#tiling = tilings(this.#shape)[average <= 2 * few.rows ? 0 : 1]
    const blocks = spans.flatMap((span, i) => this.#blocksOf(span, i))
    const length = this.#splitLength(blocks)
    // The last part takes what is left: half a length more or less.
    const parts = blocks.map(({ begin, end }) => Math.max(1, Math.round((end - begin) / length)))
    this.#reserve(
      tokens +
        spans.reduce((sum, { table }) => sum + table.length, 0) +
        parts.reduce((sum, count, i) => sum + itemWords * count + mergeWords * blocks[i].count, 0),
    )
    this.#length = tokens
    for (const span of spans) this.#writeSlots(span)
    const tables = spans.map((span) => this.#writeTable(span))
    this.#items = { at: this.#length, count: 0 }
    const results: number[] = []
    let used = 0
    for (const [i, block] of blocks.entries()) {
      results.push(used)
      const { start, from } = spans[block.span]
      for (let k = 0; k < parts[i]; k++) {
        const begin = block.begin + k * length
        const end = k + 1 === parts[i] ? block.end : begin + length
        const result = parts[i] === 1 ? none : used++
        this.#push(block.first, block.count, start - from, begin, end, tables[block.span], result, 0)
        this.#items.count++
      }
    }
    this.#merges = { at: this.#length, count: 0 }
    for (const [i, { first, count }] of blocks.entries()) {
      for (let r = 0; r < count && parts[i] > 1; r++) {
        this.#push(first + r, results[i], parts[i], r)
        this.#merges.count++
      }
    }
  }

  #blocksOf({ start, from, to }: PagedSpan, span: number): Block[] {
    const { window } = this.#shape
    const blocks: Block[] = []
    for (let first = from * this.#group; first < to * this.#group; first += this.#tiling.rows) {
      const count = Math.min(this.#tiling.rows, to * this.#group - first)
      const positionOf = (row: number): number => start - from + Math.floor(row / this.#group)
      const seen = window === null ? 0 : Math.max(0, positionOf(first) - window + 1)
      const begin = seen - (seen % pageSize)
      blocks.push({ span, first, count, begin, end: positionOf(first + count - 1) + 1 })
    }
    return blocks
  }

  /** So many keys for each workgroup, in whole stretches of positions, that there are about as many of them as suffice. */
  #splitLength(blocks: readonly Block[]): number {
    const { positions, workgroups } = this.#tiling
    const keys = this.#shape.kvHeads * blocks.reduce((sum, { begin, end }) => sum + end - begin, 0)
    return positions * Math.ceil(Math.max(shortest, keys / workgroups) / positions)
  }

  #writeSlots({ table, start, from, to }: PagedSpan): void {
    for (let row = from; row < to; row++) {
      const position = start + row - from
      this.#words[row] = table[Math.floor(position / pageSize)] * pageSize + (position % pageSize)
    }
  }

  /** Pages from the first one that is read on. Returns where that of position 0 would be. */
  #writeTable({ table, start, to, from }: PagedSpan): number {
    const { window } = this.#shape
    const first = window === null ? 0 : Math.floor(Math.max(0, start - window + 1) / pageSize)
    const read = table.subarray(first, Math.ceil((start + to - from) / pageSize))
    const at = this.#length - first
    this.#words.set(read, this.#length)
    this.#length += read.length
    return at
  }

  #push(...words: number[]): void {
    // Numbers below 0 are stored modulo 2³², as the kernels add them.
    for (const word of words) this.#words[this.#length++] = word
  }

  #reserve(length: number): void {
    if (length > this.#words.length) this.#words = new Uint32Array(Math.max(length, 2 * this.#words.length))
  }
}
