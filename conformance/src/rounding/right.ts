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
]

function random(): Kernels {
  const round = either(1)
  return kernels(round, sequential(round))
}
