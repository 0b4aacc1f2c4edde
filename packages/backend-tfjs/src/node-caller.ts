import { constantsOf, type Constants } from './node-constants.ts'
import { createTensor, failure } from './node-failure.ts'
import { types, type Attribute, type Binding, type NodeTensor } from './node-binding.ts'

/** Runs ops of TensorFlow by name. */
export interface Caller {
  readonly name: string
  readonly binding: Binding
  readonly constants: Constants
  /** Inputs are tensors, then ids of constants. @throws {Error} of op, shapes and remedy, when TensorFlow fails */
  run(op: string, attributes: readonly Attribute[], tensors: readonly NodeTensor[], ...constants: number[]): NodeTensor
  create(shape: readonly number[], dtype: number, data: Float32Array | Uint8Array): NodeTensor
  free(x: NodeTensor): void
  cast(x: NodeTensor, dtype: number): NodeTensor
  /** bytes, the last axis of which is one number each → the numbers */
  bitcast(bytes: NodeTensor, dtype: number): NodeTensor
  /** One part or more, all of one type. */
  concat(parts: readonly NodeTensor[], axis: number): NodeTensor
  type(name: string, value: number): Attribute
  flag(name: string, value: boolean): Attribute
  int(name: string, value: number): Attribute
}

export function caller(name: string, binding: Binding): Caller {
  const attribute = (kind: number) => (name: string, value: number | boolean) => ({ name, type: kind, value })
  const [type, flag, int] = [binding.TF_ATTR_TYPE, binding.TF_ATTR_BOOL, binding.TF_ATTR_INT].map(attribute)
  const constants = constantsOf(binding, name)
  const casts = new Map<number, readonly Attribute[]>()
  const castOf = (from: number, to: number): readonly Attribute[] => {
    const key = from * 256 + to
    if (!casts.has(key)) casts.set(key, [type('SrcT', from), type('DstT', to), flag('Truncate', false)])
    return casts.get(key)!
  }
  const joins = new Map<number, readonly Attribute[]>()
  const joinOf = (dtype: number, count: number): readonly Attribute[] => {
    const key = count * 256 + dtype
    if (!joins.has(key)) joins.set(key, [type('T', dtype), type('Tidx', types.int32), int('N', count)])
    return joins.get(key)!
  }
  const run: Caller['run'] = (op, attributes, tensors, ...others) => {
    const ids: number[] = []
    for (const { id } of tensors) ids.push(id)
    for (const id of others) ids.push(id)
    try {
      return binding.executeOp(op, attributes, ids, 1)[0]
    } catch (error) {
      throw failure(`${name}: ${op} on ${tensors.map(describe).join(' and ')}`, error)
    }
  }
  return {
    name,
    binding,
    constants,
    run,
    create: (shape, dtype, data) => ({ id: createTensor(name, binding, shape, dtype, data), shape, dtype }),
    free: ({ id }) => binding.deleteTensor(id),
    cast: (x, dtype) => run('Cast', castOf(x.dtype, dtype), [x]),
    bitcast: (bytes, dtype) => run('Bitcast', [type('T', types.uint8), type('type', dtype)], [bytes]),
    concat(parts, axis) {
      const [{ dtype }] = parts
      // TensorFlow joins no fewer than two.
      if (parts.length === 1) return run('Identity', [type('T', dtype)], parts)
      return run('ConcatV2', joinOf(dtype, parts.length), parts, constants.scalar(axis))
    },
    type,
    flag,
    int,
  }
}

function describe({ shape, dtype }: NodeTensor): string {
  const known = Object.entries(types).find(([, value]) => value === dtype)
  return `${known?.[0] ?? `type ${dtype}`} [${shape.join(', ')}]`
}
