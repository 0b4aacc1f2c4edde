import { elements } from '@tramontane/core'
import { tidy } from './arena.ts'
import { types, type Attribute, type NodeTensor } from './node-binding.ts'
import type { Caller } from './node-caller.ts'
import type { Runtime } from './runtime.ts'

type Kernels = Pick<
  Runtime<NodeTensor>,
  | 'matMul'
  | 'add'
  | 'mul'
  | 'silu'
  | 'rsqrt'
  | 'mean'
  | 'softmax'
  | 'reverse'
  | 'reshape'
  | 'transpose'
  | 'slice'
  | 'concat'
>

/** Multiplications of a batch of products that are few. */
const few = 2 ** 18

/** The kernels of a runtime, each one op of TensorFlow but for silu. Attributes are made once. */
export function kernels(call: Caller): Kernels {
  const { run, constants, type, flag } = call
  const float = [type('T', types.float)]
  const indexed = (name: string): Attribute[] => [...float, type(name, types.int32)]
  const [shaped, permuted, axes, index] = ['Tshape', 'Tperm', 'Tidx', 'Index'].map(indexed)
  const reduced = [...axes, flag('keep_dims', true)]
  const plain = [...float, flag('transpose_a', false), flag('transpose_b', false)]
  const separate = [flag('adj_x', false), flag('adj_y', false)]
  const batched = [...float, ...separate]
  const small = [...['Ta', 'Tb', 'Tout'].map((name) => type(name, types.float)), ...separate]
  return {
    matMul(a, b) {
      if (a.shape.length === 2) return run('MatMul', plain, [a, b])
      // oneDNN takes over V2 alone: several times as fast where there is much to do, as slow again where there is little.
      if (elements(a.shape) * b.shape[2] <= few) return run('BatchMatMulV3', small, [a, b])
      return run('BatchMatMulV2', batched, [a, b])
    },
    add: (a, b) => run('AddV2', float, [a, b]),
    mul: (a, b) => run('Mul', float, [a, b]),
    // By hand: TensorFlow's Sigmoid errs by more than float32 needs to.
    silu: (x) =>
      tidy(call, (own) => {
        const power = own(run('Exp', float, [own(run('Neg', float, [x]))]))
        return run('RealDiv', float, [x, own(run('AddV2', float, [power], constants.float(1)))])
      }),
    rsqrt: (x) => run('Rsqrt', float, [x]),
    mean: (x) => run('Mean', reduced, [x], constants.scalar(x.shape.length - 1)),
    softmax: (x) => run('Softmax', float, [x]),
    reverse: (x, axis) => run('ReverseV2', axes, [x], constants.vector([axis])),
    reshape: (x, shape) => run('Reshape', shaped, [x], constants.vector(shape)),
    transpose: (x, permutation) => run('Transpose', permuted, [x], constants.vector(permutation)),
    slice: (x, begin, size) => run('Slice', index, [x], constants.vector(begin), constants.vector(size)),
    concat: (parts, axis) => call.concat(parts, axis),
  }
}
