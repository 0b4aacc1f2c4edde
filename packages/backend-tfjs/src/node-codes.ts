import { decodeTable, encode, toBytes, UnsupportedError, type Tensor } from '@tramontane/core'
import { tidy } from './arena.ts'
import { types, type NodeTensor } from './node-binding.ts'
import type { Caller } from './node-caller.ts'

/** The 16-bit type that holds all values of a dtype; absent where only float32 comes close. */
export const halves: { readonly [dtype: string]: number | undefined } = {
  BF16: types.bfloat16,
  F16: types.half,
  F8_E4M3: types.bfloat16,
  F8_E5M2: types.bfloat16,
}

/**
 * Codes [N, K] → their values [N, K] as float32, or as the type of `halves`: exact but for F64, which rounds to float32. On
 * the host's own memory the codes' array may be kept and read later.
 *
 * @throws {UnsupportedError} codes of integers
 */
export function valuesOf(call: Caller, codes: Tensor, dtype: number): NodeTensor {
  const { shape } = codes
  switch (codes.dtype) {
    case 'F32':
      return call.create(shape, types.float, codes.data as Float32Array)
    case 'F64':
      return call.create(shape, types.float, Float32Array.from(codes.data as Float64Array))
    case 'F16':
    case 'BF16':
      return wide(call, codes, dtype)
    case 'F8_E4M3':
    case 'F8_E5M2':
      return narrow(call, codes as Tensor<'F8_E4M3' | 'F8_E5M2'>, dtype)
    default:
      throw new UnsupportedError(
        `a matrix [${shape.join(', ')}]: expected codes of F64, F32, F16, BF16, F8_E4M3 or F8_E5M2, found ${codes.dtype}`,
      )
  }
}

/** Codes of 16 bits are what TensorFlow holds, and travel as bytes, for the binding knows no such array. */
function wide(call: Caller, codes: Tensor, dtype: number): NodeTensor {
  return tidy(call, (own) => {
    const bytes = own(call.create([...codes.shape, 2], types.uint8, toBytes(codes)))
    const values = call.bitcast(bytes, halves[codes.dtype]!)
    return dtype === values.dtype ? values : call.cast(own(values), dtype)
  })
}

/** Codes that are looked up at once: the op wants indices of 32 bits, and is quickest while they stay near the CPU. */
const band = 2 ** 18

/** Codes of 8 bits are looked up in a table of 256: no arithmetic, so exact whatever the code. */
function narrow(call: Caller, codes: Tensor<'F8_E4M3' | 'F8_E5M2'>, dtype: number): NodeTensor {
  const [N, K] = codes.shape
  const rows = Math.max(1, Math.floor(band / Math.max(1, K)))
  return tidy(call, (own) => {
    const table = own(tableOf(call, codes.dtype, dtype))
    const parts: NodeTensor[] = []
    for (let n = 0; n < N || n === 0; n += rows) {
      const end = Math.min(n + rows, N)
      parts.push(own(lookUp(call, table, [end - n, K], codes.data.subarray(n * K, end * K))))
    }
    return call.concat(parts, 0)
  })
}

function lookUp(call: Caller, table: NodeTensor, shape: readonly number[], codes: Uint8Array): NodeTensor {
  const index = { Tindices: types.int32, Taxis: types.int32, Tparams: table.dtype }
  const attributes = Object.entries(index).map(([name, value]) => call.type(name, value))
  return tidy(call, (own) => {
    const indices = own(call.cast(own(call.create(shape, types.uint8, codes)), types.int32))
    const inputs = [table, indices]
    return call.run('GatherV2', [...attributes, call.int('batch_dims', 0)], inputs, call.constants.scalar(0))
  })
}

/** The 256 values of a format [256] */
function tableOf(call: Caller, format: 'F8_E4M3' | 'F8_E5M2', dtype: number): NodeTensor {
  const values = decodeTable(format)
  if (dtype === types.float) return call.create([256], dtype, Float32Array.from(values))
  return wide(call, encode('BF16', [256], values), dtype)
}
