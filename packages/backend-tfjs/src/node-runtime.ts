import { decode, decodeTable, elements, toBytes, type Tensor } from '@tramontane/core'
import { tidy } from './arena.ts'
import { bfloat16, float16, NodeKernels, type Binding, type NodeTensor } from './node-kernels.ts'
import type { Matrix, Runtime } from './runtime.ts'

/** The parts of tfjs-node that this runtime uses. */
export interface NodeTfjs {
  backend(): { readonly binding: Binding; readonly isGPUPackage: boolean }
}

export interface NodeRuntimeOptions {
  /**
   * Bytes up to which weights are held in float32; those beyond are held in 16 bits and taken to float32 each time.
   * Default: half of the free memory; on a GPU none.
   */
  readonly memory?: number
  /**
   * `bf16`: weights of 16 and 8 bits are held in bfloat16, and multiplied with inputs rounded to it (nearest, ties to even);
   * TensorFlow then rounds the products' sums to bfloat16 too. Default `f32`.
   */
  readonly profile?: 'f32' | 'bf16'
}

/** tfjs-node and tfjs-node-gpu, through their raw binding. */
export function nodeRuntime(tf: NodeTfjs, options: NodeRuntimeOptions = {}): Runtime<NodeTensor> {
  const { binding, isGPUPackage } = tf.backend()
  const kernels = new NodeKernels(binding)
  const F32 = binding.TF_FLOAT
  const T = { T: F32 }
  const axis = { ...T, Tidx: binding.TF_INT32 }
  const shaped = { ...T, Tshape: binding.TF_INT32 }
  const weights = nodeWeights(kernels, { memory: isGPUPackage ? 0 : halfOfFree(), profile: 'f32', ...options })
  return {
    name: isGPUPackage ? 'tfjs-node-gpu' : 'tfjs-node',
    heads: 'batched',
    operandBytes: 4,
    room: Infinity,
    upload: (data, shape) => kernels.tensor(data, shape),
    download: (x) => (elements(x.shape) === 0 ? new Float32Array() : (binding.tensorDataSync(x.id) as Float32Array)),
    shape: (x) => x.shape,
    free: (x) => kernels.free(x),
    live: () => kernels.live(),
    matMul: (a, b) =>
      a.shape.length === 2
        ? kernels.run('MatMul', [a, b], T, { transpose_a: false, transpose_b: false })
        : kernels.run('BatchMatMulV2', [a, b], T, { adj_x: false, adj_y: false }),
    add: (a, b) => kernels.run('AddV2', [a, b], T),
    mul: (a, b) => kernels.run('Mul', [a, b], T),
    // TensorFlow's own Sigmoid strays further than float32 needs to.
    silu: (x) =>
      tidy(kernels, (own) => {
        const power = own(kernels.run('Exp', [own(kernels.run('Neg', [x], T))], T))
        return kernels.run(
          'RealDiv',
          [x, own(kernels.run('AddV2', [power, own(kernels.tensor(Float32Array.of(1), []))], T))],
          T,
        )
      }),
    rsqrt: (x) => kernels.run('Rsqrt', [x], T),
    mean: (x) => kernels.run('Mean', [x, kernels.integers([x.shape.length - 1])], axis, { keep_dims: true }),
    softmax: (x) => kernels.run('Softmax', [x], T),
    reverse: (x, dimension) => kernels.run('ReverseV2', [x, kernels.integers([dimension])], { ...T, Tidx: axis.Tidx }),
    reshape: (x, shape) => kernels.run('Reshape', [x, kernels.integers(shape)], shaped),
    transpose: (x, order) => kernels.run('Transpose', [x, kernels.integers(order)], { ...T, Tperm: axis.Tidx }),
    slice: (x, begin, size) =>
      kernels.run('Slice', [x, kernels.integers(begin), kernels.integers(size)], { ...T, Index: axis.Tidx }),
    concat: (parts, dimension) => concat(kernels, parts, dimension),
    ...weights,
  }
}

function concat(kernels: NodeKernels, parts: readonly NodeTensor[], dimension: number): NodeTensor {
  const { TF_FLOAT, TF_INT32 } = kernels.binding
  // TensorFlow joins two or more.
  if (parts.length === 1) {
    const shape = kernels.integers(parts[0].shape)
    return kernels.run('Reshape', [parts[0], shape], { T: TF_FLOAT, Tshape: TF_INT32 })
  }
  const inputs = [...parts, kernels.integers(dimension)]
  return kernels.run('ConcatV2', inputs, { T: TF_FLOAT, Tidx: TF_INT32 }, { N: parts.length })
}

function nodeWeights(
  kernels: NodeKernels,
  { memory, profile }: Required<NodeRuntimeOptions>,
): Pick<Runtime<NodeTensor>, 'matrix' | 'times'> {
  const F32 = kernels.binding.TF_FLOAT
  let left = memory
  const product = (a: NodeTensor, b: NodeTensor): NodeTensor =>
    kernels.run('MatMul', [a, b], { T: a.dtype }, { transpose_a: false, transpose_b: true })
  return {
    matrix(codes): Matrix<NodeTensor> {
      const size = elements(codes.shape)
      const short = codes.dtype !== 'F32' && codes.dtype !== 'F64'
      if (short && (profile === 'bf16' || 4 * size > left)) {
        return { tensor: halved(kernels, codes, profile === 'bf16' ? bfloat16 : undefined), bytes: 2 * size }
      }
      left -= 4 * size
      return { tensor: kernels.tensor(Float32Array.from(decode(codes)), codes.shape), bytes: 4 * size }
    },
    times(x, { tensor }) {
      if (tensor.dtype === F32) return product(x, tensor)
      return tidy(kernels, (own) => {
        if (profile === 'bf16') return kernels.cast(own(product(own(kernels.cast(x, bfloat16)), tensor)), F32)
        return product(x, own(kernels.cast(tensor, F32)))
      })
    },
  }
}

/**
 * Codes of 16 or 8 bits → a 16-bit type that holds their values exactly: float16 for F16, bfloat16 for all others. With `to`
 * that type, to which F16 is rounded. [N, K] → [N, K]
 */
function halved(kernels: NodeKernels, codes: Tensor, to = codes.dtype === 'F16' ? float16 : bfloat16): NodeTensor {
  const { TF_UINT8, TF_INT32 } = kernels.binding
  return tidy(kernels, (own) => {
    if (codes.dtype === 'F16' || codes.dtype === 'BF16') {
      const type = codes.dtype === 'F16' ? float16 : bfloat16
      const bytes = own(kernels.tensor(toBytes(codes), [...codes.shape, 2]))
      const same = kernels.run('Bitcast', [bytes], { T: TF_UINT8, type })
      return type === to ? same : kernels.cast(own(same), to)
    }
    const table = own(kernels.tensor(Float32Array.from(decodeTable(codes.dtype as 'F8_E4M3')), [256]))
    const rows = own(kernels.cast(own(kernels.tensor(toBytes(codes), codes.shape)), TF_INT32))
    const values = own(kernels.cast(table, to))
    const types = { Tparams: to, Tindices: TF_INT32, Taxis: TF_INT32 }
    return kernels.run('GatherV2', [values, rows, kernels.integers(0)], types)
  })
}

/** In bytes; 4 GiB where the host does not tell. */
function halfOfFree(): number {
  const { process } = globalThis as { process?: { availableMemory?(): number } }
  return (process?.availableMemory?.() ?? 2 ** 33) / 2
}
