import { decodeInto, UnsupportedError, type Tensor } from '@tramontane/core'
import type { Matrix, Runtime } from './runtime.ts'

/** What tfjs-core knows of a tensor; kernels take and give these. */
export interface TensorInfo {
  readonly dataId: object
  readonly shape: readonly number[]
  readonly dtype: 'float32'
}

interface KernelBackend {
  write(values: Float32Array, shape: readonly number[], dtype: string): object
  readSync(dataId: object): Float32Array
  disposeData(dataId: object): boolean
  numDataIds(): number
}

type KernelFunc = (call: { inputs: object; attrs: object; backend: KernelBackend }) => TensorInfo

/** The parts of tfjs-core that this runtime calls. */
export interface TfjsCore {
  findBackend(name: string): unknown
  getKernel(kernel: string, backend: string): { readonly kernelFunc: unknown } | undefined
}

/**
 * The backends `wasm` and `cpu` of tfjs-core. Kernels are called directly, with their backend: neither the engine's active
 * backend nor its scopes matter, so several runtimes can work side by side.
 */
export function coreRuntime(tf: TfjsCore, backendName: 'wasm' | 'cpu'): Runtime<TensorInfo> {
  const backend = tf.findBackend(backendName) as KernelBackend
  const kernels = new Map<string, KernelFunc>()
  const run = (name: string, inputs: object, attrs: object = {}): TensorInfo => {
    let kernel = kernels.get(name)
    if (kernel === undefined) {
      const found = tf.getKernel(name, backendName)
      if (found === undefined) throw new UnsupportedError(`tfjs-${backendName}: has no kernel "${name}"`)
      kernels.set(name, (kernel = found.kernelFunc as KernelFunc))
    }
    const { dataId, shape, dtype } = kernel({ inputs, attrs, backend })
    return { dataId, shape, dtype }
  }
  const operandBytes = backendName === 'wasm' ? 8 : 4
  const upload = (data: Float32Array, shape: readonly number[]): TensorInfo => {
    return { dataId: backend.write(data, shape, 'float32'), shape, dtype: 'float32' }
  }
  /** Wasm is quick at [M, K] · [K, N] of rank 2 alone; its kernel keeps a packed copy of the second operand. */
  const matMul = (a: TensorInfo, b: TensorInfo): TensorInfo => {
    return run('BatchMatMul', { a, b }, { transposeA: false, transposeB: false })
  }
  return {
    name: `tfjs-${backendName}`,
    heads: 'looped',
    operandBytes,
    room: backendName === 'wasm' ? wasmRoom : Infinity,
    upload,
    // The wasm backend gives a copy of its memory; the cpu backend the array itself.
    download: (x) => backend.readSync(x.dataId).slice(),
    shape: (x) => x.shape,
    free: (x) => void backend.disposeData(x.dataId),
    live: () => backend.numDataIds(),
    matMul,
    add: (a, b) => run('Add', { a, b }),
    mul: (a, b) => run('Multiply', { a, b }),
    sigmoid: (x) => run('Sigmoid', { x }),
    rsqrt: (x) => run('Rsqrt', { x }),
    mean: (x) => run('Mean', { x }, { axis: x.shape.length - 1, keepDims: true }),
    softmax: (logits) => run('Softmax', { logits }, { dim: logits.shape.length - 1 }),
    reverse: (x, axis) => run('Reverse', { x }, { dims: [axis] }),
    reshape: (x, shape) => run('Reshape', { x }, { shape }),
    transpose: (x, perm) => run('Transpose', { x }, { perm }),
    slice: (x, begin, size) => run('Slice', { x }, { begin, size }),
    concat: (parts, axis) => run('Concat', parts, { axis }),
    matrix: (codes) => {
      const [N, K] = codes.shape
      const tensor = upload(transposed(codes), [K, N])
      return { tensor, bytes: operandBytes * N * K }
    },
    times: (x, matrix: Matrix<TensorInfo>) => matMul(x, matrix.tensor),
  }
}

/** Of the 4 GiB that WebAssembly can address, what weights may take; the rest is for keys, values and activations. */
const wasmRoom = 3 * 2 ** 30

/** Rows that are decoded before they are written in columns. */
const band = 16

/** codes [N, K] → their values in float32 [K, N] */
function transposed(codes: Tensor): Float32Array {
  const [N, K] = codes.shape
  const out = new Float32Array(N * K)
  const rows = new Float64Array(band * K)
  for (let n = 0; n < N; n += band) {
    const count = Math.min(band, N - n)
    decodeInto(rows, codes, { from: n * K, to: (n + count) * K })
    for (let k = 0; k < K; k++) {
      for (let r = 0; r < count; r++) out[k * N + n + r] = rows[r * K + k]
    }
  }
  return out
}
