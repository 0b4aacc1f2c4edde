import { decodeTable, encode, toBytes, type DType } from '@tramontane/core'

export const codeTypes = ['F32', 'BF16', 'F16', 'F8_E4M3', 'F8_E5M2'] as const
export type CodeType = (typeof codeTypes)[number]

/** What `decode.wgsl` calls them. */
export const formatOf = (dtype: DType): number => codeTypes.indexOf(dtype as CodeType)

/** A seeded generator of numbers in −1 … 1, exact in float32. */
export function numbers(seed: number): () => number {
  let state = seed >>> 0
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return Math.fround((state >>> 8) / 2 ** 23 - 1)
  }
}

export interface Codes {
  /** [N, K], what the codes stand for. */
  readonly values: Float64Array
  /** As on the device: rows filled up to whole vec4<u32>. */
  readonly bytes: Uint8Array
  readonly rowVecs: number
}

export function randomCodes(dtype: CodeType, N: number, K: number, next: () => number): Codes {
  const tensor = encode(
    dtype,
    [N, K],
    Float64Array.from({ length: N * K }, () => next()),
  )
  const size = dtype === 'F32' ? 4 : dtype.startsWith('F8') ? 1 : 2
  const rowVecs = Math.ceil((K * size) / 16)
  const bytes = new Uint8Array(N * rowVecs * 16)
  const plain = toBytes(tensor)
  for (let n = 0; n < N; n++) bytes.set(plain.subarray(n * K * size, (n + 1) * K * size), n * rowVecs * 16)
  const table = dtype === 'F32' ? null : decodeTable(dtype)
  const values = Float64Array.from(tensor.data as Float32Array, (code) => (table ? table[code] : code))
  return { values, bytes, rowVecs }
}

/** Rows [T, width] with zeros behind them up to a stride that is a multiple of 16. */
export function randomRows(T: number, width: number, next: () => number): { data: Float32Array; stride: number } {
  const stride = 16 * Math.ceil(width / 16)
  const data = new Float32Array(T * stride)
  for (let t = 0; t < T; t++) for (let k = 0; k < width; k++) data[t * stride + k] = next()
  return { data, stride }
}
