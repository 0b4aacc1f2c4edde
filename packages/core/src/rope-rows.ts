import { elements, type Range, type Tensor } from './tensor.ts'

/**
 * Mistral's own checkpoints store the rows of a query or key with the two of a rotated pair side by side; the graph
 * rotates halves ([rope.1]). Graph row → stored row: in a head of width d, row j·d/2 + i comes from row 2i + j. It is
 * the `view(heads, d/2, 2, width).transpose(1, 2)` of the published converters. Spec: [native.3].
 */
export function storedRow(row: number, headDim: number): number {
  const half = headDim / 2
  const within = row % headDim
  return row - within + (within < half ? 2 * within : 2 * (within - half) + 1)
}

/** The whole heads around a range of rows. */
export function coveringHeads({ from, to }: Range, headDim: number): Range {
  if (from >= to) return { from, to }
  return { from: Math.floor(from / headDim) * headDim, to: Math.ceil(to / headDim) * headDim }
}

/** Stored rows from `first` on, in whole heads [M, …] → rows [from, to) of the graph [to − from, …]. */
export function pickRows(stored: Tensor, first: number, { from, to }: Range, headDim: number): Tensor {
  const [, ...row] = stored.shape
  const width = elements(row)
  const data = stored.data.slice(0, (to - from) * width)
  for (let i = from; i < to; i++) {
    const at = storedRow(i, headDim) - first
    data.set(stored.data.subarray(at * width, (at + 1) * width) as never, (i - from) * width)
  }
  return { dtype: stored.dtype, shape: [to - from, ...row], data }
}

/** Whether reordering leaves every row in its block of `block` rows, so that a scale per block can stay where it is. */
export function staysInBlock(rows: number, headDim: number, block: number): boolean {
  for (let row = 0; row < rows; row++) {
    if (Math.floor(row / block) !== Math.floor(storedRow(row, headDim) / block)) return false
  }
  return true
}
