/** A tensor of TensorFlow: its number, shape and type. */
export interface NodeTensor {
  readonly id: number
  readonly shape: readonly number[]
  readonly dtype: number
}

export interface Attribute {
  readonly name: string
  readonly type: number
  readonly value: boolean | number
}

/** The native addon of tfjs-node, which runs any op of TensorFlow on any type. */
export interface Binding {
  createTensor(shape: readonly number[], dtype: number, data: Float32Array | Int32Array | Uint8Array): number
  deleteTensor(id: number): void
  tensorDataSync(id: number): Float32Array | Int32Array | Uint8Array
  executeOp(name: string, attributes: readonly Attribute[], inputs: readonly number[], outputs: number): NodeTensor[]
  getNumOfTensors(): number
  readonly TF_FLOAT: number
  readonly TF_INT32: number
  readonly TF_UINT8: number
  readonly TF_ATTR_TYPE: number
  readonly TF_ATTR_BOOL: number
  readonly TF_ATTR_INT: number
  readonly TF_Version: string
}

/** Types of TensorFlow that tfjs has no word for. */
export const bfloat16 = 14
export const float16 = 19

/**
 * Calls of the raw binding: tfjs's own kernels cost three times as much a call, and know no 16-bit types. Small integers
 * (axes, shapes) are tensors too; they are made once.
 */
export class NodeKernels {
  readonly binding: Binding
  readonly #integers = new Map<string, number>()
  readonly #attributes = new Map<string, readonly Attribute[]>()

  constructor(binding: Binding) {
    this.binding = binding
  }

  /** Tensors, but for the small integers. */
  live(): number {
    return this.binding.getNumOfTensors() - this.#integers.size
  }

  tensor(data: Float32Array | Uint8Array, shape: readonly number[]): NodeTensor {
    const dtype = data instanceof Float32Array ? this.binding.TF_FLOAT : this.binding.TF_UINT8
    return { id: this.binding.createTensor(shape, dtype, data), shape, dtype }
  }

  /** To another type, rounded to nearest, ties to even. */
  cast(x: NodeTensor, DstT: number): NodeTensor {
    return this.run('Cast', [x], { SrcT: x.dtype, DstT }, { Truncate: false })
  }

  free(x: NodeTensor): void {
    this.binding.deleteTensor(x.id)
  }

  /**
   * Runs an op with one result. `types` and `others` (flags and counts): its attributes by name.
   *
   * @throws {Error} what TensorFlow says, with the op and its shapes
   */
  run(
    op: string,
    inputs: readonly (NodeTensor | number)[],
    types: Readonly<Record<string, number>>,
    others: Readonly<Record<string, boolean | number>> = {},
  ): NodeTensor {
    const ids = inputs.map((x) => (typeof x === 'number' ? x : x.id))
    try {
      return this.binding.executeOp(op, this.#attributesOf(op, types, others), ids, 1)[0]
    } catch (error) {
      const shapes = inputs.flatMap((x) => (typeof x === 'number' ? [] : [`[${x.shape.join(', ')}]`]))
      throw new Error(`TensorFlow's ${op} of ${shapes.join(' and ')}: ${message(error)}${remedy(error)}`, {
        cause: error,
      })
    }
  }

  /** int32 [n], or a scalar, as a tensor that stays. */
  integers(values: readonly number[] | number): number {
    const key = String(values) + typeof values
    let id = this.#integers.get(key)
    if (id !== undefined) {
      // Moved to the end: what is let go below is what was not used for longest, never what this call needs.
      this.#integers.delete(key)
      this.#integers.set(key, id)
    } else {
      const list = typeof values === 'number' ? [values] : values
      const shape = typeof values === 'number' ? [] : [list.length]
      if (this.#integers.size >= mostIntegers) this.#dropOldest()
      id = this.binding.createTensor(shape, this.binding.TF_INT32, Int32Array.from(list))
      this.#integers.set(key, id)
    }
    return id
  }

  #dropOldest(): void {
    const [key, id] = this.#integers.entries().next().value!
    this.binding.deleteTensor(id)
    this.#integers.delete(key)
  }

  #attributesOf(
    op: string,
    types: Readonly<Record<string, number>>,
    others: Readonly<Record<string, boolean | number>>,
  ): readonly Attribute[] {
    const key = `${op} ${Object.values(types).join()} ${Object.values(others).join()}`
    let found = this.#attributes.get(key)
    if (found === undefined) {
      const { TF_ATTR_TYPE, TF_ATTR_BOOL, TF_ATTR_INT } = this.binding
      found = [
        ...Object.entries(types).map(([name, value]) => ({ name, type: TF_ATTR_TYPE, value })),
        ...Object.entries(others).map(([name, value]) => {
          return { name, type: typeof value === 'number' ? TF_ATTR_INT : TF_ATTR_BOOL, value }
        }),
      ]
      this.#attributes.set(key, found)
    }
    return found
  }
}

/** Shapes of a growing context are ever new ones. */
const mostIntegers = 4096

function message(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).replace(/\s+/g, ' ').slice(0, 300)
}

function remedy(error: unknown): string {
  if (!/OOM|memory|RESOURCE_EXHAUSTED|TF_Status: 8/i.test(message(error))) return ''
  return '; close sequences, use a shorter context, or give weights less with the option `memory`'
}
