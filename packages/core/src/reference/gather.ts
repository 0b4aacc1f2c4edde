import { decodeInto } from '../dtype.ts'
import type { Tensor } from '../tensor.ts'
import { matrix, type Matrix } from './matrix.ts'

/** [gather.1] Row i of the result is row rows[i] of the table. rows [R], table [N, D] → [R, D] */
export function gather(rows: Int32Array, table: Matrix): Matrix {
  const out = matrix(rows.length, table.columns)
  const { columns } = table
  rows.forEach((row, i) => out.data.set(table.data.subarray(row * columns, (row + 1) * columns), i * columns))
  return out
}

/** [gather.1] from a weight: only the rows asked for are decoded. rows [R], table [N, D] → [R, D] */
export function lookup(rows: Int32Array, table: Tensor): Matrix {
  const columns = table.shape[1]
  const out = matrix(rows.length, columns)
  rows.forEach((row, i) =>
    decodeInto(out.data.subarray(i * columns, (i + 1) * columns), table, {
      from: row * columns,
      to: (row + 1) * columns,
    }),
  )
  return out
}
