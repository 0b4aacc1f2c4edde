import { decodeInto, UnsupportedError, type Tensor } from '@tramontane/core'
import { tidy } from './arena.ts'
import { floatBytes, Ledger } from './ledger.ts'
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
  /** Whether that was its last use. */
  disposeData(dataId: object): boolean
  numDataIds(): number
}

type KernelFunc = (call: { inputs: object; attrs: object; backend: KernelBackend }) => TensorInfo

/** The parts of tfjs-core that this runtime calls. */
export interface TfjsCore {
  findBackend(name: string): unknown
  getKernel(kernel: string, backend: string): { readonly kernelFunc: unknown } | undefined
}

/** Of the 4 GiB that WebAssembly can address, in bytes: what tensors may take, for holes between them are lost too. */
export const wasmLimit = 3.75 * 2 ** 30
/** What weights may take of it; the rest is for keys, values and activations. */
export const wasmRoom = 3 * 2 ** 30

export interface CoreRuntimeOptions {
  /** Bytes that tensors may take; default 3.75 GiB for wasm, no limit for cpu. */
  readonly limit?: number
  /** Bytes that weights may take; default 3 GiB for wasm, no limit for cpu. */
  readonly room?: number
}

/**
 * The backends `wasm` and `cpu` of tfjs-core. Kernels are called directly, with their backend: neither the engine's active
 * backend nor its scopes matter, so several runtimes can work side by side.
 */
export function coreRuntime(
  tf: TfjsCore,
  backendName: 'wasm' | 'cpu',
  { limit, room }: CoreRuntimeOptions = {},
): Runtime<TensorInfo> {
  const wasm = backendName === 'wasm'
  const call = caller(tf, backendName, new Ledger(limit ?? (wasm ? wasmLimit : Infinity)))
  const { backend, ledger, run, upload } = call
  const operandBytes = wasm ? 8 : 4
  const free = (x: TensorInfo): void => void (backend.disposeData(x.dataId) && ledger.drop(x.dataId))
  /** Wasm is quick at [M, K] · [K, N] of rank 2 alone; its kernel keeps a packed copy of the second operand. */
  const matMul = (a: TensorInfo, b: TensorInfo): TensorInfo => {
    const packed = wasm && ledger.of(b.dataId) <= floatBytes(b.shape) ? floatBytes(b.shape) : 0
    const product = run('BatchMatMul', { a, b }, { transposeA: false, transposeB: false }, [
      packed + 4 * a.shape[0] * b.shape[1],
    ])
    if (packed > 0) ledger.take(b.dataId, packed)
    return product
  }
  return {
    name: `tfjs-${backendName}`,
    heads: 'looped',
    operandBytes,
    room: room ?? (wasm ? wasmRoom : Infinity),
    upload,
    // The wasm backend gives a copy of its memory; the cpu backend the array itself.
    download: (x) => backend.readSync(x.dataId).slice(),
    shape: (x) => x.shape,
    free,
    live: () => backend.numDataIds(),
    matMul,
    add: (a, b) => run('Add', { a, b }),
    mul: (a, b) => run('Multiply', { a, b }),
    silu: (x) => tidy({ free }, (own) => run('Multiply', { a: x, b: own(run('Sigmoid', { x })) })),
    rsqrt: (x) => run('Rsqrt', { x }),
    mean: (x) => run('Mean', { x }, { axis: x.shape.length - 1, keepDims: true }),
    softmax: (logits) => run('Softmax', { logits }, { dim: logits.shape.length - 1 }),
    reverse: (x, axis) => run('Reverse', { x }, { dims: [axis] }),
    reshape: (x, shape) => run('Reshape', { x }, { shape }, []),
    transpose: (x, perm) => run('Transpose', { x }, { perm }),
    slice: (x, begin, size) => run('Slice', { x }, { begin, size }),
    concat: (parts, axis) => run('Concat', parts, { axis }),
    matrix: (codes, scale) => {
      const [N, K] = codes.shape
      const values = upload(transposed(codes, scale ?? one), [K, N])
      return { tensor: values, bytes: operandBytes * N * K, scaled: scale !== undefined }
    },
    times: (x, matrix: Matrix<TensorInfo>) => matMul(x, matrix.tensor),
  }
}

interface Caller {
  readonly backend: KernelBackend
  readonly ledger: Ledger
  /** `needs`: bytes of the result, where they are not those of the inputs at most; none for a new view of the same. */
  run(name: string, inputs: object, attrs?: object, needs?: readonly number[]): TensorInfo
  upload(data: Float32Array, shape: readonly number[]): TensorInfo
}

function caller(tf: TfjsCore, backendName: string, ledger: Ledger): Caller {
  const backend = tf.findBackend(backendName) as KernelBackend
  const kernels = new Map<string, KernelFunc>()
  const kernelOf = (name: string): KernelFunc => {
    const found = kernels.get(name) ?? (tf.getKernel(name, backendName)?.kernelFunc as KernelFunc | undefined)
    if (found === undefined) throw new UnsupportedError(`tfjs-${backendName}: has no kernel "${name}"`)
    kernels.set(name, found)
    return found
  }
  return {
    backend,
    ledger,
    run(name, inputs, attrs = {}, needs) {
      const bytes = needs ?? Object.values(inputs as Record<string, TensorInfo>).map(({ shape }) => floatBytes(shape))
      const sum = bytes.reduce((a, b) => a + b, 0)
      if (sum > 0) ledger.reserve(sum, name)
      const { dataId, shape, dtype } = kernelOf(name)({ inputs, attrs, backend })
      if (bytes.length > 0) ledger.take(dataId, floatBytes(shape))
      return { dataId, shape, dtype }
    },
    upload(data, shape) {
      ledger.reserve(data.byteLength, `a tensor [${shape.join(', ')}]`)
      const dataId = backend.write(data, shape, 'float32')
      ledger.take(dataId, data.byteLength)
      return { dataId, shape, dtype: 'float32' }
    },
  }
}

/** Rows that are decoded before they are written in columns. */
const band = 16

const one = Float32Array.of(1)

/** codes [N, K] times scale [1] or [N] → their values in float32 [K, N] */
function transposed(codes: Tensor, scale: Float32Array): Float32Array {
  const [N, K] = codes.shape
  const out = new Float32Array(N * K)
  const rows = new Float64Array(band * K)
  for (let n = 0; n < N; n += band) {
    const count = Math.min(band, N - n)
    decodeInto(rows, codes, { from: n * K, to: (n + count) * K })
    const scales = Float32Array.from({ length: count }, (_, r) => scale[scale.length === 1 ? 0 : n + r])
    for (let k = 0; k < K; k++) {
      for (let r = 0; r < count; r++) out[k * N + n + r] = rows[r * K + k] * scales[r]
    }
  }
  return out
}
