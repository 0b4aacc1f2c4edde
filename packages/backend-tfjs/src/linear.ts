import { blockSize, decode, tensor, type Tensor } from '@tramontane/core'
import { allOrNone, tidy } from './arena.ts'
import type { Role } from './roles.ts'
import type { Matrix, Runtime } from './runtime.ts'

/**
 * The weight [N, K] of a linear: in one piece, or for a scale per block in pieces of 128 columns, each of which has one
 * scale per row. Pieces that the device has no room for are codes, taken there when they are used.
 */
export interface Pieces<T> {
  readonly width: number
  readonly pieces: readonly (Matrix<T> | Tensor)[]
}

/** codes [N, K]; `scale`, [1] or [N], goes into what can take it. */
export function place<T>(
  r: Runtime<T>,
  codes: Tensor,
  { byBlock, resident }: Pick<Role, 'byBlock' | 'resident'>,
  scale?: Float32Array,
): Pieces<T> {
  const [, K] = codes.shape
  const width = byBlock ? blockSize : K
  const pieces: (Matrix<T> | Tensor)[] = []
  try {
    for (let k = 0; k < K; k += width) {
      const part = width >= K ? codes : columns(codes, k, Math.min(k + width, K))
      pieces.push(resident ? r.matrix(part, scale) : part)
    }
    return { width, pieces }
  } catch (error) {
    free(r, { pieces })
    throw error
  }
}

export function free<T>(r: Runtime<T>, { pieces }: Pick<Pieces<T>, 'pieces'>): void {
  for (const piece of pieces) if (isMatrix(piece)) r.free(piece.tensor)
}

export function bytesOf<T>({ pieces }: Pieces<T>): number {
  return pieces.reduce((sum, piece) => sum + (isMatrix(piece) ? piece.bytes : piece.data.byteLength), 0)
}

function isMatrix<T>(piece: Matrix<T> | Tensor): piece is Matrix<T> {
  return !('dtype' in piece)
}

/** Columns [from, to) of codes [N, K], as a copy. */
function columns({ dtype, shape: [N, K], data }: Tensor, from: number, to: number): Tensor {
  const part = data.slice(0, N * (to - from))
  for (let n = 0; n < N; n++) part.set(data.subarray(n * K + from, n * K + to) as never, n * (to - from))
  return tensor(dtype, [N, to - from], part as never)
}

/** A scale on the device for each piece of a weight: [1], [N]; of a scale per block [N] for each column of blocks. */
export function scalesOf<T>(r: Runtime<T>, scale: Tensor, N: number): T[] {
  const values = Float32Array.from(decode(scale))
  if (scale.shape.length === 1) return [r.upload(values, [values.length])]
  const blocks = scale.shape[1]
  const column = (b: number): Float32Array =>
    Float32Array.from({ length: N }, (_, n) => values[Math.floor(n / blockSize) * blocks + b])
  return allOrNone(r, (own) => Array.from({ length: blocks }, (_, b) => own(r.upload(column(b), [N]))))
}

/**
 * [linear.1] The codes are multiplied as they are, and the scale comes on the output [fp8.2], unless the weight has it.
 * x [T, K] → [T, N]
 */
export function linear<T>(r: Runtime<T>, x: T, weight: Pieces<T>, scales: readonly T[] | null, bias: T | null): T {
  const { pieces, width } = weight
  const [T, K] = r.shape(x)
  return tidy(r, (own) => {
    let sum: T | null = null
    for (const [i, piece] of pieces.entries()) {
      const from = i * width
      const part = pieces.length === 1 ? x : own(r.slice(x, [0, from], [T, Math.min(width, K - from)]))
      const product = own(isMatrix(piece) ? r.times(part, piece) : stream(r, part, piece))
      const done = scales === null || (isMatrix(piece) && piece.scaled)
      const scaled = done ? product : own(r.mul(product, scales[i]))
      sum = sum === null ? scaled : own(r.add(sum, scaled))
    }
    return bias === null ? sum! : own(r.add(sum!, bias))
  })
}

/** Weights that are taken to the device at once. */
const streamed = 2 ** 22

/** x [T, K] · codes [N, K]ᵀ → [T, N], some rows of the codes at a time. */
function stream<T>(r: Runtime<T>, x: T, codes: Tensor): T {
  const [N, K] = codes.shape
  const rows = Math.max(1, Math.floor(streamed / K))
  return tidy(r, (own) => {
    const parts: T[] = []
    for (let n = 0; n < N; n += rows) {
      const end = Math.min(n + rows, N)
      const some = tensor(codes.dtype, [end - n, K], codes.data.subarray(n * K, end * K) as never)
      const matrix = r.matrix(some)
      try {
        parts.push(own(r.times(x, matrix)))
      } finally {
        r.free(matrix.tensor)
      }
    }
    return r.concat(parts, 1)
  })
}
