import type { DType } from '@tramontane/core'

/**
 * What a backend declares of its arithmetic, as data: largest relative errors of single operations. One ulp of a float32
 * is at most 2⁻²³ of it; half an ulp, the error of rounding to nearest, at most 2⁻²⁴. Derivations: docs/tolerances.md.
 */
export interface Precision {
  readonly name: string
  /** Of every sum, difference, product and stored result: the unit roundoff u. */
  readonly unit: number
  /** Rounding of the two operands of a linear before they are multiplied; null where they are used as they are. */
  readonly operand: { readonly unit: number; readonly exact: readonly DType[] } | null
  /** Rounding of the product of a linear, before scale and bias, to a shorter format than that of `unit`; 0 for none. */
  readonly product: number
  /** Of e^x: `constant + perUnit · |x|`. */
  readonly exp: { readonly constant: number; readonly perUnit: number }
  readonly divide: number
  readonly inverseSqrt: number
  /** Absolute error of one operation whose result is too small for the format. */
  readonly underflow: number
  /** The smallest normal number: what e^x may lose where it vanishes or overflows. */
  readonly smallest: number
  /** The noise floor that judges it end to end; null for double precision, which [reference.2] judges. */
  readonly noise: Noise | null
}

/** Profiles whose noise floors are stored with the goldens. */
export type Noise = 'f32' | 'webgpu' | 'bf16'

const ulp = 2 ** -23

/** IEEE 754 binary64, nearest: the reference. */
const f64: Precision = {
  name: 'f64',
  unit: 2 ** -53,
  operand: null,
  product: 0,
  exp: { constant: 2 ** -52, perUnit: 0 },
  divide: 2 ** -53,
  inverseSqrt: 2 ** -52,
  underflow: 2 ** -1074,
  smallest: 2 ** -1022,
  noise: null,
}

/** IEEE 754 binary32, nearest; exp and inverse square root to two ulp, as mathematical libraries give them. */
const f32: Precision = {
  name: 'f32',
  unit: ulp / 2,
  operand: null,
  product: 0,
  exp: { constant: 2 * ulp, perUnit: 0 },
  divide: ulp / 2,
  inverseSqrt: 2 * ulp,
  underflow: 2 ** -149,
  smallest: 2 ** -126,
  noise: 'f32',
}

/** What WGSL promises of f32: either direction of rounding, 2.5 ulp of a quotient, subnormals flushed anywhere. */
const webgpu: Precision = {
  name: 'webgpu',
  unit: ulp,
  operand: null,
  product: 0,
  exp: { constant: 3 * ulp, perUnit: 2 * ulp },
  divide: 2.5 * ulp,
  inverseSqrt: 2 * ulp,
  underflow: 2 ** -126,
  smallest: 2 ** -126,
  noise: 'webgpu',
}

/** Operands of linears rounded to bfloat16, nearest; everything else as in f32. */
const bf16: Precision = {
  ...f32,
  name: 'bf16',
  operand: { unit: 2 ** -8, exact: ['BF16', 'F8_E4M3', 'F8_E5M2'] },
  noise: 'bf16',
}

export const precisions = { f64, f32, webgpu, bf16 } as const

/** Standard deviations that a sum of random roundings may stray: about 3e-14 for one element (2e^(−λ²/2)). */
const lambda = 8

/** Largest relative error, as a share of Σ|terms|, after `roundings` in a row: λ√n·u, and never above γₙ = nu / (1 − nu). */
export function growth(unit: number, roundings: number): number {
  return Math.min(lambda * Math.sqrt(roundings) * unit, ceiling(unit, roundings))
}

/** γₙ: no order of summation can do worse (Higham). From nu = 1 on it bounds nothing. */
export function ceiling(unit: number, roundings: number): number {
  const errors = roundings * unit
  return errors < 1 ? errors / (1 - errors) : Infinity
}

/** The random part of operands that were rounded, as a share of √Σ terms². */
export function scatter(unit: number, operands: number): number {
  return lambda * unit * Math.sqrt(operands / 3)
}

/** The judge computes in double precision and errs too: a bound has room for both. */
export function withJudge(p: Precision): Precision {
  return {
    ...p,
    unit: p.unit + f64.unit,
    exp: { constant: p.exp.constant + f64.exp.constant, perUnit: p.exp.perUnit },
    divide: p.divide + f64.divide,
    inverseSqrt: p.inverseSqrt + f64.inverseSqrt,
  }
}
