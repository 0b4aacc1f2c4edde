import { InputError } from './errors.ts'

/** Array type that holds the codes of each dtype. F16, BF16 and the fp8 types are held as their raw bit patterns. */
export interface Storage {
  F64: Float64Array
  F32: Float32Array
  F16: Uint16Array
  BF16: Uint16Array
  F8_E4M3: Uint8Array
  F8_E5M2: Uint8Array
  I8: Int8Array
  U8: Uint8Array
  I32: Int32Array
  I64: BigInt64Array
}

/** Element types, spelled as safetensors spells them. */
export type DType = keyof Storage

/** A dense row-major array on the host. `data` holds codes, not numbers: see `decode`. */
export interface Tensor<D extends DType = DType> {
  readonly dtype: D
  readonly shape: readonly number[]
  readonly data: Storage[D]
}

/** What a tensor is, without its contents. */
export interface Spec {
  readonly dtype: DType
  readonly shape: readonly number[]
}

/** A half-open range of rows (first axis): `[from, to)`. */
export interface Range {
  readonly from: number
  readonly to: number
}

const arrays: { readonly [D in DType]: new (buffer: ArrayBuffer, offset?: number, length?: number) => Storage[D] } = {
  F64: Float64Array,
  F32: Float32Array,
  F16: Uint16Array,
  BF16: Uint16Array,
  F8_E4M3: Uint8Array,
  F8_E5M2: Uint8Array,
  I8: Int8Array,
  U8: Uint8Array,
  I32: Int32Array,
  I64: BigInt64Array,
}

const widths: { readonly [D in DType]: number } = {
  F64: 8,
  F32: 4,
  F16: 2,
  BF16: 2,
  F8_E4M3: 1,
  F8_E5M2: 1,
  I8: 1,
  U8: 1,
  I32: 4,
  I64: 8,
}

export const dtypes = Object.keys(widths) as readonly DType[]

export function isDType(name: string): name is DType {
  return Object.hasOwn(widths, name)
}

/** Bytes per element. */
export function byteWidth(dtype: DType): number {
  return widths[dtype]
}

/** Product of the sizes; 1 for a scalar `[]`. */
export function elements(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1)
}

/** Bytes of a tensor of this dtype and shape. */
export function byteLength(spec: Spec): number {
  return elements(spec.shape) * byteWidth(spec.dtype)
}

/** Makes a tensor; throws InputError when data and shape disagree. */
export function tensor<D extends DType>(dtype: D, shape: readonly number[], data: Storage[D]): Tensor<D> {
  if (data.length !== elements(shape)) {
    throw new InputError(`tensor [${shape.join(', ')}] needs ${elements(shape)} elements, found ${data.length}`)
  }
  return { dtype, shape, data }
}

/** Reads little-endian bytes as a tensor, without copying where the bytes are aligned. */
export function fromBytes<D extends DType>(dtype: D, shape: readonly number[], bytes: Uint8Array): Tensor<D> {
  const width = byteWidth(dtype)
  const aligned = bytes.byteOffset % width === 0 ? bytes : bytes.slice()
  const data = new arrays[dtype](aligned.buffer as ArrayBuffer, aligned.byteOffset, aligned.byteLength / width)
  return tensor(dtype, shape, data)
}

/** The little-endian bytes of a tensor, as a view. */
export function toBytes(value: Tensor): Uint8Array {
  return new Uint8Array(value.data.buffer, value.data.byteOffset, value.data.byteLength)
}
