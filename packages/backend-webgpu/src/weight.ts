import { decode, elements, toBytes, UnsupportedError, type DType, type Tensor } from '@tramontane/core'
import { usageOf, type Recorder } from './recorder.ts'

/** What `decode.wgsl` calls the formats of codes, and how many codes a load of 16 bytes has. */
export const formats: { readonly [dtype in DType]?: { readonly format: number; readonly perLoad: number } } = {
  F32: { format: 0, perLoad: 4 },
  BF16: { format: 1, perLoad: 8 },
  F16: { format: 2, perLoad: 8 },
  F8_E4M3: { format: 3, perLoad: 16 },
  F8_E5M2: { format: 4, perLoad: 16 },
}

/** Bytes that are written at once: Dawn has staging buffers of this size. */
const slice = 2 ** 22

/** Bytes that are on their way to the device at most. */
const underWay = 2 ** 26
/** Bytes written since a device was last waited for. */
const onTheirWay = new WeakMap<Recorder, number>()

/** Matrices of the same width and dtype one above the other in one buffer, so that one dispatch can read them all. */
export interface Stack {
  /** Of all its matrices. */
  readonly rows: number
  buffer: GPUBuffer | null
  /** Matrices in it. */
  users: number
}

/** A matrix's place in a stack: the rows above it. */
export interface Place {
  readonly stack: Stack
  readonly above: number
}

/** Some rows of a weight: rows above, above + 1, … of a buffer. */
export interface Part {
  readonly buffer: GPUBuffer
  readonly above: number
  readonly first: number
  readonly rows: number
}

/** A weight on the device: codes as they lie on disk, or, where nodes use its numbers, as float32. */
export interface Weight {
  readonly shape: readonly number[]
  readonly format: number
  readonly perLoad: number
  readonly parts: readonly Part[]
  /** Numbers of a row with the zeros that fill its last load. */
  readonly width: number
  /** The stack that it shares. */
  readonly stack: Stack | null
  /** [elements] of vectors and scales, on the device and here. */
  readonly floats: GPUBuffer | null
  readonly values: Float32Array | null
  readonly bytes: number
}

/**
 * Codes [N, K], at their place in a stack, or else in as many parts as a limit on the bytes of a binding asks for.
 *
 * @throws {UnsupportedError} a dtype that no kernel decodes, or one row beyond the limit
 */
export async function placeMatrix(
  recorder: Recorder,
  name: string,
  given: Tensor,
  limit: number,
  place?: Place,
): Promise<Weight> {
  const codes = given.dtype === 'F64' ? asFloat32(given) : given
  const known = formats[codes.dtype]
  if (known === undefined) {
    const expected = Object.keys(formats).join(', ')
    throw new UnsupportedError(`webgpu: weight "${name}": expected ${expected} or F64, found ${codes.dtype}`)
  }
  const [N, K] = codes.shape
  const width = known.perLoad * Math.ceil(K / known.perLoad)
  const bytes = padded(toBytes(codes), N, K, width)
  const rowBytes = (16 * width) / known.perLoad
  if (rowBytes > limit) {
    throw new UnsupportedError(
      `webgpu: weight "${name}": a row of [${N}, ${K}] has ${rowBytes} bytes, but this device binds at most ${limit}`,
    )
  }
  const parts = place ? [stacked(recorder, name, N, rowBytes, place)] : split(recorder, name, N, rowBytes, limit)
  const weight = { ...known, shape: codes.shape, parts, width, stack: place?.stack ?? null, floats: null, values: null }
  try {
    for (const { buffer, above, first, rows } of parts)
      await written(recorder, buffer, rowBytes * above, bytes.subarray(first * rowBytes, (first + rows) * rowBytes))
  } catch (error) {
    freeWeight(weight)
    throw error
  }
  return { ...weight, bytes: bytes.byteLength }
}

/** Numbers in float32 [elements]. */
export async function placeFloats(recorder: Recorder, name: string, tensor: Tensor): Promise<Weight> {
  const values = Float32Array.from(decode(tensor))
  const floats = createBuffer(recorder, name, values.byteLength)
  await written(recorder, floats, 0, new Uint8Array(values.buffer))
  const { shape } = tensor
  const bytes = 4 * elements(shape)
  return { shape, format: 0, perLoad: 4, parts: [], width: 0, stack: null, floats, values, bytes }
}

export function freeWeight({ parts, stack, floats }: Pick<Weight, 'parts' | 'stack' | 'floats'>): void {
  floats?.destroy()
  if (stack === null) {
    for (const { buffer } of parts) buffer.destroy()
  } else if (--stack.users === 0) {
    stack.buffer?.destroy()
    stack.buffer = null
  }
}

function stacked(recorder: Recorder, name: string, rows: number, rowBytes: number, { stack, above }: Place): Part {
  stack.buffer ??= createBuffer(recorder, name, stack.rows * rowBytes)
  stack.users++
  return { buffer: stack.buffer, above, first: 0, rows }
}

function split(recorder: Recorder, name: string, N: number, rowBytes: number, limit: number): Part[] {
  const fit = Math.floor(limit / Math.max(1, rowBytes))
  const parts: Part[] = []
  for (let first = 0; first < N; first += fit) {
    const rows = Math.min(fit, N - first)
    parts.push({ buffer: createBuffer(recorder, name, rows * rowBytes), above: 0, first, rows })
  }
  return parts
}

/** Rows of K numbers with zeros behind them. */
function padded(bytes: Uint8Array, N: number, K: number, width: number): Uint8Array {
  if (width === K || N === 0) return bytes
  const size = bytes.byteLength / (N * K)
  const out = new Uint8Array(N * width * size)
  for (let n = 0; n < N; n++) out.set(bytes.subarray(n * K * size, (n + 1) * K * size), n * width * size)
  return out
}

function asFloat32({ shape, data }: Tensor): Tensor<'F32'> {
  return { dtype: 'F32', shape, data: Float32Array.from(data as Float64Array) } as Tensor<'F32'>
}

/** A binding has 16 bytes at least: kernels read so many at once. */
function createBuffer(recorder: Recorder, label: string, bytes: number): GPUBuffer {
  const size = Math.max(16, Math.ceil(bytes / 16) * 16)
  return recorder.create((device) => device.createBuffer({ label, size, usage: usageOf() }))
}

/**
 * Few bytes at a time, and few of them on their way, whatever they are of: what the device has not taken yet is held by the
 * host.
 */
async function written(recorder: Recorder, buffer: GPUBuffer, offset: number, bytes: Uint8Array): Promise<void> {
  for (let from = 0; from < bytes.byteLength; from += slice) {
    const piece = words(bytes.subarray(from, Math.min(from + slice, bytes.byteLength)))
    const sum = (onTheirWay.get(recorder) ?? 0) + piece.byteLength
    if (sum > underWay) await recorder.device.queue.onSubmittedWorkDone()
    onTheirWay.set(recorder, sum > underWay ? piece.byteLength : sum)
    recorder.write(buffer, piece, offset + from)
  }
}

/** With zeros behind, up to a whole word. */
function words(bytes: Uint8Array): Uint8Array {
  if (bytes.byteLength % 4 === 0) return bytes
  const padded = new Uint8Array(Math.ceil(bytes.byteLength / 4) * 4)
  padded.set(bytes)
  return padded
}
