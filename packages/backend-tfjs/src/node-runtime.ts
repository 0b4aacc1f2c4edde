import { InputError } from '@tramontane/core'
import { nodeBackend, types, type NodeTensor, type NodeTfjs } from './node-binding.ts'
import { caller } from './node-caller.ts'
import { kernels } from './node-kernels.ts'
import { Matrices, type NodeProfile } from './node-matrix.ts'
import type { Runtime } from './runtime.ts'

export type { NodeTensor, NodeTfjs } from './node-binding.ts'

export interface NodeRuntimeOptions {
  /**
   * Bytes that weights may take as float32, which is quickest, those of F32 and F64 included; weights of 16 and 8 bits beyond
   * are held in 16 bits and cast when they are used. Default: a quarter of the memory that is free now; for a GPU 0.
   */
  readonly memory?: number
  /**
   * `f32` (default): float32 throughout. `bf16`: weights of BF16 and fp8 and what they are multiplied with are bfloat16,
   * rounded to nearest even; TensorFlow rounds the product to bfloat16 as well (8 bits of precision), then it is float32
   * again. F16, F32 and F64 weights, which bfloat16 would round, are multiplied as in `f32`.
   */
  readonly profile?: NodeProfile
}

/** Weights cast at once: 16 MiB of float32 stay near the CPU; a GPU would rather have few calls. */
const bands = { cpu: 2 ** 22, gpu: 2 ** 26 }

/**
 * tfjs-node and tfjs-node-gpu, on the native binding alone: a call costs a third of what it does by way of tfjs's kernels, and
 * types of 16 bits exist. The module's tensors, scopes and active backend do not matter.
 *
 * A failure of TensorFlow is an Error that names op, shapes and remedy; it leaves no tensor behind.
 *
 * @throws {InputError} a module without the native binding, or an option that is none
 */
export function nodeRuntime(tf: NodeTfjs, options: NodeRuntimeOptions = {}): Runtime<NodeTensor> {
  const { binding, isGPUPackage: gpu = false } = nodeBackend(tf)
  const { memory = gpu ? 0 : freeMemory() / 4, profile = 'f32' } = options
  check(memory, profile)
  const call = caller(gpu ? 'tfjs-node-gpu' : 'tfjs-node', binding)
  const matrices = new Matrices(call, { memory, profile, band: gpu ? bands.gpu : bands.cpu })
  return {
    name: call.name,
    heads: 'batched',
    operandBytes: 4,
    room: Infinity,
    upload: (data, shape) => call.create(shape, types.float, data),
    download: ({ id }) => binding.tensorDataSync(id) as Float32Array,
    shape: (x) => x.shape,
    free(x) {
      call.free(x)
      matrices.forget(x)
    },
    live: () => binding.getNumOfTensors() - call.constants.size,
    ...kernels(call),
    matrix: (codes, scale) => matrices.matrix(codes, scale),
    times: (x, matrix) => matrices.times(x, matrix),
  }
}

/** Of the machine, or less where the process may not have it all. */
function freeMemory(): number {
  return Math.min(process.getBuiltinModule('node:os').freemem(), process.availableMemory())
}

function check(memory: number, profile: string): void {
  if (!(memory >= 0)) throw new InputError(`memory: expected bytes, 0 or more, found ${memory}`)
  if (profile !== 'f32' && profile !== 'bf16') {
    throw new InputError(`profile: expected f32 or bf16, found "${profile}"`)
  }
}
