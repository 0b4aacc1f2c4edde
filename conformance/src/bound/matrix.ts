import { decode, type Tensor } from '@tramontane/core'

/** A captured value in double precision, row-major [rows, columns]. */
export interface Matrix {
  readonly rows: number
  readonly columns: number
  readonly data: Float64Array
}

export function matrixOf(value: Tensor): Matrix {
  return { rows: value.shape[0], columns: value.shape[1], data: decode(value) }
}
