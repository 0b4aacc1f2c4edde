/**
 * The small floating-point formats, each described by a few numbers; one decoder and one encoder serve all of them.
 * Spec: docs/spec.md [dtype].
 */
export interface FloatFormat {
  readonly exponentBits: number
  readonly mantissaBits: number
  readonly bias: number
  /** Code of the largest finite magnitude, without sign. */
  readonly largest: number
  /** Code that a magnitude beyond `largest` rounds to: infinity, or NaN where the format has no infinity. */
  readonly overflow: number
  /** Code of the canonical NaN. */
  readonly nan: number
}

/** IEEE 754 binary16. */
export const f16: FloatFormat = {
  exponentBits: 5,
  mantissaBits: 10,
  bias: 15,
  largest: 0x7bff,
  overflow: 0x7c00,
  nan: 0x7e00,
}

/** bfloat16: the upper half of a binary32. */
export const bf16: FloatFormat = {
  exponentBits: 8,
  mantissaBits: 7,
  bias: 127,
  largest: 0x7f7f,
  overflow: 0x7f80,
  nan: 0x7fc0,
}

/** OCP E4M3 ("fn": finite, no infinity; only mantissa 7 of the top exponent is NaN). Largest magnitude 448. */
export const e4m3: FloatFormat = {
  exponentBits: 4,
  mantissaBits: 3,
  bias: 7,
  largest: 0x7e,
  overflow: 0x7f,
  nan: 0x7f,
}

/** OCP E5M2: binary16 with eight mantissa bits less. Largest magnitude 57,344. */
export const e5m2: FloatFormat = {
  exponentBits: 5,
  mantissaBits: 2,
  bias: 15,
  largest: 0x7b,
  overflow: 0x7c,
  nan: 0x7e,
}

/** What an encoder does beyond the largest finite number: clamp to it, or take the format's own overflow code. */
export type Overflow = 'saturate' | 'nan'

/** The number that a code stands for, exactly. */
export function decodeFloat(format: FloatFormat, code: number): number {
  const { exponentBits, mantissaBits, bias, largest, overflow, nan } = format
  const signBit = 1 << (exponentBits + mantissaBits)
  const magnitude = code & (signBit - 1)
  const sign = code & signBit ? -1 : 1
  if (magnitude > largest) return magnitude === overflow && overflow !== nan ? sign * Infinity : NaN
  const exponent = magnitude >> mantissaBits
  const mantissa = magnitude & ((1 << mantissaBits) - 1)
  // Subnormals share the exponent of the smallest normal and have no hidden one.
  const significand = exponent === 0 ? mantissa : mantissa + 2 ** mantissaBits
  return sign * significand * 2 ** (Math.max(exponent, 1) - bias - mantissaBits)
}

const float64 = new Float64Array(1)
const words = new Uint32Array(float64.buffer)

/** The nearest code, ties to even. NaN becomes the canonical NaN; the sign of zero is kept. */
export function encodeFloat(format: FloatFormat, value: number, overflow: Overflow): number {
  if (Number.isNaN(value)) return format.nan
  float64[0] = value
  const high = words[1]
  const sign = high >>> 31 ? 1 << (format.exponentBits + format.mantissaBits) : 0
  const limit = overflow === 'saturate' ? format.largest : format.overflow
  if (value === Infinity || value === -Infinity) return sign | limit
  // Exponent of the value, held at the smallest normal one: below it the spacing no longer shrinks.
  const exponent = Math.max(((high >>> 20) & 0x7ff) - 1023, 1 - format.bias)
  const steps = roundToEven(Math.abs(value) * 2 ** (format.mantissaBits - exponent))
  // The hidden one of `steps` adds one to the exponent field, and a carry out of the mantissa adds another.
  const code = (exponent + format.bias - 1) * 2 ** format.mantissaBits + steps
  return sign | (code > format.largest ? limit : code)
}

/** Nearest integer of 0 ≤ x < 2⁵², ties to even: adding 2⁵² leaves no fraction bits. */
function roundToEven(x: number): number {
  return x + 2 ** 52 - 2 ** 52
}
