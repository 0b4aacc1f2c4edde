import { decode, elements, toBytes, UnsupportedError, type DType, type Tensor } from '@tramontane/core'
import { usageOf, type Recorder } from './recorder.ts'

/** What `decode.wgsl` calls the formats of codes. */
const formats: { readonly [dtype in DType]?: number } = { F32: 0, BF16: 1, F16: 2, F8_E4M3: 3, F8_E5M2: 4 }

/** Bytes that are written at once: Dawn has staging buffers of this size. */
const slice = 2 ** 22

/** Some rows of a weight in a buffer of their own. */
export interface Part {
  readonly buffer: GPUBuffer
  readonly first: number
  readonly rows: number
}

/** A weight on the device: codes as they lie on disk, or, where nodes use its numbers, as float32. */
export interface Weight {
  readonly shape: readonly number[]
  readonly format: number
  readonly parts: readonly Part[]
  /** Numbers of a row with the zeros that fill it up to a multiple of 4, which kernels read together. */
  readonly width: number
  /** [elements] in float32, of vectors and scales. */
  readonly floats: GPUBuffer | null
  readonly bytes: number
}

/**
 * Codes [N, K] in as many parts as a limit on the bytes of a binding asks for.
 *
 * @throws {UnsupportedError} a dtype that no kernel decodes, or one row beyond the limit
 */
export function placeMatrix(recorder: Recorder, name: string, given: Tensor, limit: number): Weight {
  const codes = given.dtype === 'F64' ? asFloat32(given) : given
  const format = formats[codes.dtype]
  if (format === undefined) {
    const known = Object.keys(formats).join(', ')
    throw new UnsupportedError(`webgpu: weight "${name}": expected ${known} or F64, found ${codes.dtype}`)
  }
  const [N, K] = codes.shape
  const width = 4 * Math.ceil(K / 4)
  const bytes = padded(toBytes(codes), N, K, width)
  const rowBytes = N === 0 ? 0 : bytes.byteLength / N
  const fit = Math.floor(limit / Math.max(1, rowBytes))
  if (fit === 0 && N > 0) {
    throw new UnsupportedError(
      `webgpu: weight "${name}": a row of [${N}, ${K}] has ${rowBytes} bytes, but this device binds at most ${limit}`,
    )
  }
  const parts: Part[] = []
  try {
    for (let first = 0; first < N; first += fit) {
      const rows = Math.min(fit, N - first)
      parts.push({
        buffer: filled(recorder, name, bytes.subarray(first * rowBytes, (first + rows) * rowBytes)),
        first,
        rows,
      })
    }
  } catch (error) {
    for (const { buffer } of parts) buffer.destroy()
    throw error
  }
  return { shape: codes.shape, format, parts, width, floats: null, bytes: bytes.byteLength }
}

/** Numbers in float32 [elements]. */
export function placeFloats(recorder: Recorder, name: string, values: Tensor): Weight {
  const floats = Float32Array.from(decode(values))
  const buffer = filled(recorder, name, new Uint8Array(floats.buffer))
  return { shape: values.shape, format: 0, parts: [], width: 0, floats: buffer, bytes: 4 * elements(values.shape) }
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

function filled(recorder: Recorder, label: string, bytes: Uint8Array): GPUBuffer {
  const size = Math.max(4, Math.ceil(bytes.byteLength / 4) * 4)
  const buffer = recorder.create((device) => device.createBuffer({ label, size, usage: usageOf() }))
  try {
    for (let from = 0; from < bytes.byteLength; from += slice) {
      recorder.write(buffer, words(bytes.subarray(from, Math.min(from + slice, bytes.byteLength))), from)
    }
    return buffer
  } catch (error) {
    buffer.destroy()
    throw error
  }
}

/** With zeros behind, up to a whole word. */
function words(bytes: Uint8Array): Uint8Array {
  if (bytes.byteLength % 4 === 0) return bytes
  const padded = new Uint8Array(Math.ceil(bytes.byteLength / 4) * 4)
  padded.set(bytes)
  return padded
}
