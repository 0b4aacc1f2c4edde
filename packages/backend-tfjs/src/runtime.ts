import type { MaybePromise, Tensor } from '@tramontane/core'

/**
 * What the ops need of a TensorFlow.js runtime. `T` is its tensor: float32, of rank 1 to 4, never changed once made. Every
 * kernel makes a new tensor, which lives until `free`; see `arena.ts` for many at once. Shapes broadcast as in NumPy.
 */
export interface Runtime<T> {
  /** `tfjs-node-gpu`, `tfjs-node`, `tfjs-wasm` or `tfjs-cpu`. */
  readonly name: string
  /** Key-value heads in attention: all in one tensor of rank 3, or one tensor of rank 2 each. */
  readonly heads: 'batched' | 'looped'
  /** Of each number in the second operand of `matMul`: 4, or more where the runtime keeps a packed copy of it. */
  readonly operandBytes: number
  /** Bytes that weights of linears may take; those beyond stay with the host and come when they are used. */
  readonly room: number
  /** Takes numbers to the device, which may keep the array itself. Like every kernel, throws Error where memory runs out. */
  upload(data: Float32Array, shape: readonly number[]): T
  download(x: T): MaybePromise<Float32Array>
  shape(x: T): readonly number[]
  free(x: T): void
  /** Tensors that the runtime holds, of whoever made them. */
  live(): number

  /** a [M, K] · b [K, N] → [M, N]; with heads batched also [G, M, K] · [G, K, N] → [G, M, N] */
  matMul(a: T, b: T): T
  add(a: T, b: T): T
  mul(a: T, b: T): T
  /** [silu.1] x / (1 + e⁻ˣ) */
  silu(x: T): T
  /** 1 / √x */
  rsqrt(x: T): T
  /** Over the last axis, which stays with size 1. */
  mean(x: T): T
  /** Over the last axis. */
  softmax(x: T): T
  /** The elements of one axis backwards. */
  reverse(x: T, axis: number): T
  reshape(x: T, shape: readonly number[]): T
  transpose(x: T, permutation: readonly number[]): T
  slice(x: T, begin: readonly number[], size: readonly number[]): T
  concat(parts: readonly T[], axis: number): T

  /**
   * The codes of a weight [N, K] → what `times` multiplies with: their exact values, in whatever format holds them. Where that
   * is float32 they are multiplied with `scale` [1] or [N], if there is one.
   */
  matrix(codes: Tensor, scale?: Float32Array): Matrix<T>
  /** x [T, K] · matrix [N, K]ᵀ → [T, N] */
  times(x: T, matrix: Matrix<T>): T
}

/** The weight of a linear on the device. */
export interface Matrix<T> {
  readonly tensor: T
  /** What it takes on the device, copies included. */
  readonly bytes: number
  /** Whether the scale is in it. */
  readonly scaled: boolean
}
