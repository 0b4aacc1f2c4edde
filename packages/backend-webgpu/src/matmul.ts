import type { Dispatch } from './recorder.ts'

/** A matrix of several that share one buffer of codes: its first row there, and the first row of blocks of its scales. */
export interface Segment {
  readonly row: number
  readonly block: number
}

/** Where scales begin in the buffer of vectors. */
export type Scales =
  | { readonly of: 'rows'; readonly at: number }
  /** Up to three matrices, in order; one needs no `segments`. */
  | { readonly of: 'blocks'; readonly at: number; readonly segments?: readonly Segment[] }

/** x [T, K] times codes [N, K], as `matmul.wgsl` has it. Strides in numbers, those of x and y multiples of 16. */
export interface Product {
  readonly T: number
  readonly K: number
  readonly N: number
  /** The row that the first one of this binding is in all. */
  readonly first?: number
  /** vec4<u32> of a row of codes. */
  readonly rowVecs: number
  readonly xStride: number
  readonly yStride: number
  readonly scales?: Scales
  /** Where the bias begins in the buffer of vectors; none without it. */
  readonly biasAt?: number
  /** Adds to y what is there. */
  readonly residual?: boolean
}

/** Rows of x that a workgroup takes. */
export type Tile = 32 | 64 | 128

export function tileFor(T: number): Tile {
  return T > 64 ? 128 : T > 32 ? 64 : 32
}

/** `tile`: the constant of the kernel, as in `tileFor`. */
export function matmul(product: Product, tile: Tile): Pick<Dispatch, 'params' | 'grid'> {
  const { T, K, N, first = 0, rowVecs, xStride, yStride, scales, biasAt, residual = false } = product
  const segments = scales?.of === 'blocks' ? scales.segments : undefined
  const none = { row: 2 ** 32 - 1, block: 0 }
  const [, second = none, third = none] = segments ?? []
  const kind = scales === undefined ? 0 : scales.of === 'rows' ? 2 : 3
  const columns = Math.ceil(N / 64)
  return {
    params: [
      ...[T, K, N, first, rowVecs, xStride, yStride, kind, scales?.at ?? 0],
      ...[Number(biasAt !== undefined), biasAt ?? 0, Number(residual)],
      ...[second.row, third.row, second.block, third.block],
    ],
    grid: [Math.ceil(T / tile), Math.min(columns, 65535), Math.ceil(columns / 65535)],
  }
}
