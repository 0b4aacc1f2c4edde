import { bf16, decodeFloat, e4m3, e5m2, encodeFloat, f16, type FloatFormat, type Overflow } from './float-format.ts'
import { tensor, type DType, type Range, type Tensor } from './tensor.ts'

/** The formats that are held as bit patterns. */
const formats: { readonly [D in DType]?: FloatFormat } = { F16: f16, BF16: bf16, F8_E4M3: e4m3, F8_E5M2: e5m2 }

const tables = new Map<DType, Float64Array>()

/** Every code of a format decoded once: 256 numbers for fp8, 65,536 for the 16-bit types. */
export function decodeTable(dtype: 'F16' | 'BF16' | 'F8_E4M3' | 'F8_E5M2'): Float64Array {
  let table = tables.get(dtype)
  if (table === undefined) {
    const format = formats[dtype]!
    const codes = 2 ** (1 + format.exponentBits + format.mantissaBits)
    table = Float64Array.from({ length: codes }, (_, code) => decodeFloat(format, code))
    tables.set(dtype, table)
  }
  return table
}

/** Decodes elements `[from, to)` of a tensor into `out` from `at` on, exactly (I64 beyond 2⁵³ rounds), times a factor. */
export function decodeInto(out: Float64Array, value: Tensor, { from, to }: Range, factor = 1, at = 0): void {
  switch (value.dtype) {
    case 'F16':
    case 'BF16':
    case 'F8_E4M3':
    case 'F8_E5M2': {
      const table = decodeTable(value.dtype)
      lookUp(out, at, table, value.data as Uint8Array, from, to, factor)
      return
    }
    default:
      for (let i = from; i < to; i++) out[at + i - from] = Number(value.data[i]) * factor
  }
}

/** out[at + i − from] = table[codes[i]] · factor for i = from … to − 1, four a turn: the loop itself costs as much as a code. */
function lookUp(
  out: Float64Array,
  at: number,
  table: Float64Array,
  codes: Uint8Array | Uint16Array,
  from: number,
  to: number,
  factor: number,
): void {
  const shift = at - from
  const fours = to - ((to - from) % 4)
  for (let i = from; i < fours; i += 4) {
    out[shift + i] = table[codes[i]] * factor
    out[shift + i + 1] = table[codes[i + 1]] * factor
    out[shift + i + 2] = table[codes[i + 2]] * factor
    out[shift + i + 3] = table[codes[i + 3]] * factor
  }
  for (let i = fours; i < to; i++) out[shift + i] = table[codes[i]] * factor
}

/** Every element as a number. */
export function decode(value: Tensor): Float64Array {
  const out = new Float64Array(value.data.length)
  decodeInto(out, value, { from: 0, to: out.length })
  return out
}

/** The number that one code of a dtype stands for. */
export function decodeCode(dtype: 'F16' | 'BF16' | 'F8_E4M3' | 'F8_E5M2', code: number): number {
  return decodeFloat(formats[dtype]!, code)
}

/**
 * The code nearest to a number, ties to even. With `saturate`, magnitudes beyond the largest finite number (infinities
 * too) become that number; with `nan`, the format's own overflow code: NaN for F8_E4M3, infinity for the others.
 */
export function encodeCode(dtype: 'F16' | 'BF16' | 'F8_E4M3' | 'F8_E5M2', value: number, overflow: Overflow): number {
  return encodeFloat(formats[dtype]!, value, overflow)
}

/** Numbers → tensor of a floating dtype, rounded to nearest even. Overflow as in `encodeCode`; default `nan`. */
export function encode<D extends 'F64' | 'F32' | 'F16' | 'BF16' | 'F8_E4M3' | 'F8_E5M2'>(
  dtype: D,
  shape: readonly number[],
  values: ArrayLike<number>,
  overflow: Overflow = 'nan',
): Tensor<D> {
  const format = formats[dtype]
  if (format === undefined) {
    const data = dtype === 'F64' ? Float64Array.from(values) : Float32Array.from(values)
    return tensor(dtype, shape, data as Tensor<D>['data'])
  }
  const codes = dtype === 'F16' || dtype === 'BF16' ? new Uint16Array(values.length) : new Uint8Array(values.length)
  for (let i = 0; i < codes.length; i++) codes[i] = encodeFloat(format, values[i], overflow)
  return tensor(dtype, shape, codes as Tensor<D>['data'])
}
