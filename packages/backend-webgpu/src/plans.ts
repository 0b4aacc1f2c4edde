import { Attend } from './attend.ts'
import { FewRows, ownRows } from './few-rows.ts'
import { ManyRows } from './many-rows.ts'
import { tileFor } from './matmul.ts'
import type { Model } from './model.ts'
import type { Pages } from './pages.ts'
import { anglesOf, eight, type PassPiece } from './pieces.ts'
import { groupsFor, type Prepared, type Recorder } from './recorder.ts'
import { fewRows, Scratch } from './scratch.ts'
import { Top } from './top.ts'

/** Everything on the device that passes of up to `rows` rows need beside weights and pages, prepared once. */
export class Plans {
  readonly scratch: Scratch
  readonly top: Top
  readonly #recorder: Recorder
  readonly #model: Model
  readonly #pages: Pages
  readonly #attend: Attend
  readonly #lookup: readonly { readonly prepared: Prepared; readonly first: number; readonly rows: number }[]
  /** By the rows that they take at most, or by tiles; as long as the buffers of attention are the same. */
  readonly #few = new Map<number, FewRows>()
  readonly #many = new Map<number, ManyRows>()
  #version = -1

  /** @throws {Error} there is no memory for it */
  static async of(recorder: Recorder, model: Model, pages: Pages, rows: number): Promise<Plans> {
    const { sizes, window } = model.pattern
    const shape = { heads: sizes.H, kvHeads: sizes.G, headSize: sizes.d, window }
    const scratch = await Scratch.of(recorder, sizes, shape, rows)
    const [query, partial, out] = [scratch.buffer('query'), scratch.buffer('partial'), scratch.buffer('mixed')]
    const strides = { queryStride: scratch.stride.query, outStride: scratch.stride.query }
    return new Plans(
      recorder,
      model,
      pages,
      scratch,
      new Attend(recorder, pages, shape, { query, partial, out, ...strides }),
    )
  }

  private constructor(recorder: Recorder, model: Model, pages: Pages, scratch: Scratch, attend: Attend) {
    this.#recorder = recorder
    this.#model = model
    this.#pages = pages
    this.scratch = scratch
    this.#attend = attend
    const { table } = model
    this.#lookup = table.parts.map(({ buffer, first, rows }) => {
      const buffers = [scratch.buffer('tokens'), buffer, scratch.buffer('x')]
      const prepared = recorder.prepare({ kernel: 'lookup', constants: { format: table.format }, buffers })
      return { prepared, first, rows }
    })
    const { V } = model.pattern.sizes
    this.top = new Top(recorder, { buffer: scratch.buffer('logits'), rows: fewRows, stride: V, vocabulary: V })
  }

  /** Brings a piece to the device: its tokens, its angles, and what attention has to do. */
  async feed(piece: PassPiece): Promise<void> {
    this.#recorder.write(this.scratch.buffer('angles'), anglesOf(piece, this.#model.pattern.frequencies))
    this.#recorder.write(this.scratch.buffer('tokens'), piece.tokens)
    await this.#attend.plan(piece.spans)
    if (this.#version === this.#attend.version) return
    this.#few.clear()
    this.#many.clear()
    this.#version = this.#attend.version
  }

  /** The tokens of a piece → x [T, D] after all layers; keys and values go into the pages. */
  run(piece: PassPiece): void {
    const T = piece.to - piece.from
    const { D } = this.#model.pattern.sizes
    const { grid, across } = groupsFor(T * Math.ceil(D / 4))
    for (const { prepared, first, rows } of this.#lookup) {
      const shape = [T, D, this.#model.table.width, this.scratch.stride.D]
      this.#recorder.run(prepared, [...shape, first, rows, across], grid)
    }
    if (T <= fewRows) this.#fewFor(T).run({ x: ownRows, slots: eight(this.#attend.slots(T)), count: T })
    else this.#manyFor(T).run(T)
  }

  /** Up to 8 rows of x → the buffer `logits` [rows, V]. */
  logits(rows: readonly number[]): void {
    this.#fewFor(rows.length).logits({ x: eight(rows), slots: ownRows, count: rows.length })
  }

  dispose(): void {
    this.#recorder.submit()
    this.scratch.dispose()
    this.#attend.dispose()
    this.top.destroy()
  }

  #fewFor(T: number): FewRows {
    const tile = T === 1 ? 1 : T <= 4 ? 4 : fewRows
    const found =
      this.#few.get(tile) ?? new FewRows(this.#recorder, this.#model, this.scratch, this.#pages, this.#attend, tile)
    this.#few.set(tile, found)
    return found
  }

  #manyFor(T: number): ManyRows {
    const tile = tileFor(T)
    const found =
      this.#many.get(tile) ?? new ManyRows(this.#recorder, this.#model, this.scratch, this.#pages, this.#attend, T)
    this.#many.set(tile, found)
    return found
  }
}
