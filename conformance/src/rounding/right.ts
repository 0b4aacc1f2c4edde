import { blockSize } from '@tramontane/core'
import { either, nearest, sixteenBits, upward } from './arithmetic.ts'
import { kernels, lanes, pairwise, sequential, type Kernels } from './kernels.ts'
import { precisions, type Precision } from '../bound/index.ts'

/** A right backend and the precision that it may declare. */
export interface Right {
  readonly name: string
  readonly precision: Precision
  /** Runs every case; others of its precision those of arithmetic alone, which is where they differ. */
  readonly everyCase: boolean
  /** Anew each time: random directions begin again. */
  kernels(): Kernels
}

const { f32, webgpu, bf16 } = precisions

export const rightOnes: readonly Right[] = [
  {
    name: 'f32, one after the other',
    precision: f32,
    everyCase: false,
    kernels: () => kernels(nearest, sequential(nearest)),
  },
  { name: 'f32, pairwise', precision: f32, everyCase: false, kernels: () => kernels(nearest, pairwise(nearest)) },
  { name: 'f32, 32 lanes', precision: f32, everyCase: true, kernels: () => kernels(nearest, lanes(nearest)) },
  { name: 'webgpu, at random, one after the other', precision: webgpu, everyCase: false, kernels: () => random() },
  {
    name: 'webgpu, always up, 32 lanes',
    precision: webgpu,
    everyCase: false,
    kernels: () => kernels(upward, lanes(upward)),
  },
  {
    name: 'bf16 operands of linears, 32 lanes',
    precision: bf16,
    everyCase: true,
    kernels: () => kernels(nearest, lanes(nearest), sixteenBits('BF16')),
  },
  {
    name: 'bf16 operands and products of linears, 32 lanes',
    precision: { ...bf16, name: 'bf16, products rounded too', product: 2 ** -8 },
    everyCase: false,
    kernels: () => roundedProducts(kernels(nearest, lanes(nearest), sixteenBits('BF16')), sixteenBits('BF16')),
  },
]

/** The product of a row, of a scale per block that of each block, is rounded before the scale comes. */
function roundedProducts(right: Kernels, short: (x: number) => number): Kernels {
  return {
    ...right,
    dot(x, w, scales, n) {
      const width = scales?.shape.length === 2 ? blockSize : x.length
      const parts = []
      for (let k = 0; k < x.length; k += width) {
        const product = short(right.dot(x.subarray(k, k + width), w.subarray(k, k + width), null, n))
        parts.push(scales === null ? product : this.round(product * this.scaleAt(scales, n, k)))
      }
      return this.total(Float64Array.from(parts))
    },
  }
}

function random(): Kernels {
  const round = either(1)
  return kernels(round, sequential(round))
}
