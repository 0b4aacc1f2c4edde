import { InputError } from '@tramontane/core'

/** A tensor of TensorFlow's eager runtime. */
export interface NodeTensor {
  readonly id: number
  readonly shape: readonly number[]
  /** TensorFlow's number of a type. */
  readonly dtype: number
}

export interface Attribute {
  readonly name: string
  /** What kind of attribute. */
  readonly type: number
  readonly value: number | boolean
}

/** The native part of tfjs-node, as far as this runtime calls it. All of it is synchronous. */
export interface Binding {
  readonly TF_ATTR_TYPE: number
  readonly TF_ATTR_BOOL: number
  readonly TF_ATTR_INT: number
  /** Returns the new tensor's id. TensorFlow keeps the array itself where device and host are one. */
  createTensor(shape: readonly number[], dtype: number, data: Float32Array | Int32Array | Uint8Array): number
  deleteTensor(id: number): void
  /** A copy. */
  tensorDataSync(id: number): unknown
  executeOp(name: string, attributes: readonly Attribute[], inputs: readonly number[], outputs: number): NodeTensor[]
  getNumOfTensors(): number
}

/** The parts of tfjs-node and tfjs-node-gpu that this runtime calls. */
export interface NodeTfjs {
  findBackend?(name: string): unknown
  backend(): unknown
}

export interface NodeBackend {
  readonly binding: Binding
  readonly isGPUPackage?: boolean
}

/** TensorFlow's numbers of the types that are used here. */
export const types = { float: 1, int32: 3, uint8: 4, bfloat16: 14, half: 19 } as const

/**
 * The native backend of a module, which need not be the active one.
 *
 * @throws {InputError} it has none
 */
export function nodeBackend(tf: NodeTfjs): NodeBackend {
  const found = (tf.findBackend?.('tensorflow') ?? tf.backend()) as Partial<NodeBackend> | null
  if (typeof found?.binding?.executeOp === 'function') return found as NodeBackend
  throw new InputError(
    'tf: expected the module @tensorflow/tfjs-node or tfjs-node-gpu, whose backend "tensorflow" has a native binding, ' +
      'found a backend without one; load tfjs-node, or use the runtime tfjs-wasm',
  )
}
