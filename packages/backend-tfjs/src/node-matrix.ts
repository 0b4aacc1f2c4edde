import { elements, type Tensor } from '@tramontane/core'
import { tidy } from './arena.ts'
import { types, type NodeTensor } from './node-binding.ts'
import type { Caller } from './node-caller.ts'
import { halves, valuesOf } from './node-codes.ts'
import type { Matrix } from './runtime.ts'

/** `f32`: weights and inputs are multiplied as float32. `bf16`: as bfloat16, both rounded to it, and the result too. */
export type NodeProfile = 'f32' | 'bf16'

export interface MatrixOptions {
  /** Bytes that weights may take as float32. */
  readonly memory: number
  readonly profile: NodeProfile
  /** Weights that are cast to float32 at once. */
  readonly band: number
}

/** Weights at rest, and the product with them. */
export class Matrices {
  readonly #call: Caller
  readonly #options: MatrixOptions
  readonly #product: ReturnType<typeof products>
  /** Bytes of those in float32, by id. */
  readonly #floats = new Map<number, number>()
  #bytes = 0

  constructor(call: Caller, options: MatrixOptions) {
    this.#call = call
    this.#options = options
    this.#product = products(call)
  }

  /**
   * codes [N, K] → [N, K], as float32 with scale [1] or [N] while `memory` lasts, then in 16 bits and without. Either way
   * exact but for F64 and scales.
   */
  matrix(codes: Tensor, scale?: Float32Array): Matrix<NodeTensor> {
    const count = elements(codes.shape)
    const dtype = this.#typeOf(codes, 4 * count)
    const values = valuesOf(this.#call, codes, dtype)
    if (dtype !== types.float) return { tensor: values, bytes: 2 * count, scaled: false }
    const tensor = scale === undefined ? values : this.#scaled(values, scale)
    this.#floats.set(tensor.id, 4 * count)
    this.#bytes += 4 * count
    return { tensor, bytes: 4 * count, scaled: scale !== undefined }
  }

  /** Takes values [N, K] over. */
  #scaled(values: NodeTensor, scale: Float32Array): NodeTensor {
    const call = this.#call
    return tidy(call, (own) => {
      own(values)
      const rows = own(call.create([scale.length, 1], types.float, scale))
      return call.run('Mul', [call.type('T', types.float)], [values, rows])
    })
  }

  #typeOf({ dtype }: Tensor, bytes: number): number {
    const half = halves[dtype]
    const { memory, profile } = this.#options
    const fits = this.#bytes + bytes <= memory && !(profile === 'bf16' && half === types.bfloat16)
    return half === undefined || fits ? types.float : half
  }

  /** Of any tensor that is gone. */
  forget({ id }: NodeTensor): void {
    this.#bytes -= this.#floats.get(id) ?? 0
    this.#floats.delete(id)
  }

  /** x [T, K] · matrix [N, K]ᵀ → [T, N] */
  times(x: NodeTensor, { tensor }: Matrix<NodeTensor>): NodeTensor {
    if (tensor.dtype === types.float) return this.#product(x, tensor)
    return this.#options.profile === 'bf16' && tensor.dtype === types.bfloat16
      ? this.#inBfloat16(x, tensor)
      : this.#cast(x, tensor)
  }

  #inBfloat16(x: NodeTensor, matrix: NodeTensor): NodeTensor {
    const call = this.#call
    return tidy(call, (own) => call.cast(own(this.#product(own(call.cast(x, matrix.dtype)), matrix)), types.float))
  }

  /** Casts some rows of the matrix at a time: as float32 they are in the cache still when they are multiplied. */
  #cast(x: NodeTensor, matrix: NodeTensor): NodeTensor {
    const call = this.#call
    const [N, K] = matrix.shape
    const rows = Math.max(1, Math.floor(this.#options.band / Math.max(1, K)))
    if (N <= rows) return tidy(call, (own) => this.#product(x, own(call.cast(matrix, types.float))))
    return tidy(call, (own) => {
      const parts: NodeTensor[] = []
      for (let n = 0; n < N; n += rows) parts.push(own(this.#band(x, matrix, n, Math.min(rows, N - n))))
      return call.concat(parts, 1)
    })
  }

  /** x [T, K] · rows [from, from + count) of the matrix → [T, count] */
  #band(x: NodeTensor, matrix: NodeTensor, from: number, count: number): NodeTensor {
    const call = this.#call
    const { constants } = call
    const attributes = [call.type('T', matrix.dtype), call.type('Index', types.int32)]
    return tidy(call, (own) => {
      const [begin, size] = [constants.vector([from, 0]), constants.vector([count, matrix.shape[1]])]
      // Whole rows share the matrix's memory.
      const rows = own(call.run('Slice', attributes, [matrix], begin, size))
      return this.#product(x, own(call.cast(rows, types.float)))
    })
  }
}

/** a [T, K] · b [N, K]ᵀ → [T, N], both of one type */
function products(call: Caller): (a: NodeTensor, b: NodeTensor) => NodeTensor {
  const of = (dtype: number) => [call.type('T', dtype), call.flag('transpose_a', false), call.flag('transpose_b', true)]
  const [float, bfloat16] = [of(types.float), of(types.bfloat16)]
  return (a, b) => call.run('MatMul', b.dtype === types.float ? float : bfloat16, [a, b])
}
