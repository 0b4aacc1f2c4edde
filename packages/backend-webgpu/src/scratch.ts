import { strideOf } from './model.ts'
import type { Sizes } from './pattern.ts'
import type { Recorder } from './recorder.ts'
import { partialBytes, type AttentionShape } from './work-list.ts'

/** Rows that kernels after `products.wgsl` take at once. */
export const fewRows = 8

/** Rows of a piece of a long pass. */
export const mostRows = 512

const names = ['tokens', 'angles', 'x', 'query', 'mixed', 'hidden', 'logits', 'partial', 'normed', 'wide'] as const

/** What passes of up to `rows` rows need, all in float32 [rows, stride], zeros behind the columns; made once. */
export class Scratch {
  readonly rows: number
  readonly stride: { readonly D: number; readonly query: number; readonly F: number; readonly wide: number }
  readonly #buffers: ReadonlyMap<string, GPUBuffer>

  static async of(recorder: Recorder, sizes: Sizes, shape: AttentionShape, rows: number): Promise<Scratch> {
    const { D, H, G, d, F, V } = sizes
    const stride = {
      D: strideOf(D),
      query: strideOf(H * d),
      F: strideOf(F),
      wide: strideOf(Math.max((H + 2 * G) * d, 2 * F)),
    }
    const many = rows > fewRows ? rows : 0
    const lengths: Record<(typeof names)[number], number> = {
      tokens: rows,
      angles: rows * d,
      x: rows * stride.D,
      query: rows * stride.query,
      mixed: rows * stride.query,
      hidden: rows * stride.F,
      logits: fewRows * V,
      partial: partialBytes(shape) / 4,
      normed: many * stride.D,
      wide: many * stride.wide,
    }
    const buffers = await recorder.allocate(names.map((name) => Math.max(16, 4 * lengths[name])))
    return new Scratch(rows, stride, new Map(names.map((name, i) => [name, buffers[i]])))
  }

  private constructor(rows: number, stride: Scratch['stride'], buffers: ReadonlyMap<string, GPUBuffer>) {
    this.rows = rows
    this.stride = stride
    this.#buffers = buffers
  }

  /** tokens [rows] u32; angles [rows, d / 2] cosines and sines; x and normed [rows, D]; query and mixed [rows, H · d]; hidden [rows, F]; logits [8, V]. */
  buffer(name: (typeof names)[number]): GPUBuffer {
    return this.#buffers.get(name)!
  }

  dispose(): void {
    for (const buffer of this.#buffers.values()) buffer.destroy()
  }
}
