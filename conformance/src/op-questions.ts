import { elements, encode, frequencies, uniform, type Operation, type Tensor } from '@tramontane/core'

/** One op on inputs that no tiny model has: a graph of its own, judged by T1 alone. */
export interface Question {
  readonly name: string
  readonly clause: string
  readonly tokens: number
  readonly weights: Readonly<Record<string, Tensor>>
  /** The op's inputs: token t takes row t of the weight `NAME.table`. */
  readonly inputs: readonly string[]
  readonly operation: Operation
  /** Tokens of each pass; all in one without. */
  readonly lengths?: readonly number[]
}

/** Numbers in [−size, size), fixed by their seed. */
function spread(seed: number, shape: readonly number[], size: number): Float64Array {
  return Float64Array.from({ length: elements(shape) }, (_, i) => (2 * uniform(seed, i) - 1) * size)
}

function floats(seed: number, shape: readonly number[], size: number): Tensor {
  return encode('F32', shape, spread(seed, shape, size))
}

/** Scales between 0.001 and 0.019: neighbours differ. */
function scales(seed: number, shape: readonly number[]): Tensor {
  const values = spread(seed, shape, 0.009).map((x) => x + 0.01)
  return encode('BF16', shape, values)
}

/** Every finite code of an fp8 format in turn, subnormals and both zeros included. */
function codes(dtype: 'F8_E4M3' | 'F8_E5M2', shape: readonly [number, number]): Tensor {
  const largest = dtype === 'F8_E4M3' ? 0x7e : 0x7b
  const finite = Uint8Array.from({ length: 256 }, (_, code) => code).filter((code) => (code & 0x7f) <= largest)
  // A step that shares no factor with the number of codes, so that rows begin at different ones.
  return {
    dtype,
    shape,
    data: Uint8Array.from({ length: elements(shape) }, (_, i) => finite[(i * 101) % finite.length]),
  }
}

/** The eight codes nearest to zero, with both signs. */
function subnormals(shape: readonly [number, number]): Tensor {
  const data = Uint8Array.from({ length: elements(shape) }, (_, i) => (i % 8) + (i % 3 ? 0 : 0x80))
  return { dtype: 'F8_E4M3', shape, data }
}

interface Extras {
  readonly scale?: Tensor
  readonly bias?: Tensor
}

function linear(name: string, clause: string, weight: Tensor, { scale, bias }: Extras = {}): Question {
  return {
    name: `linear, ${name}`,
    clause,
    tokens: 3,
    weights: {
      'x.table': floats(11, [3, weight.shape[1]], 2),
      'result.weight': weight,
      ...(scale && { 'result.scale': scale }),
      ...(bias && { 'result.bias': bias }),
    },
    inputs: ['x'],
    operation: {
      op: 'linear',
      x: 'x',
      weight: 'result.weight',
      scale: scale ? 'result.scale' : null,
      bias: bias ? 'result.bias' : null,
    },
  }
}

/** Six query heads on two key-value heads, fed in chunks and steps; `size` is that of queries and keys. */
function attention(name: string, tokens: number, size: number, window: number | null): Question {
  return {
    name: `attention, ${name}`,
    clause: 'attention.4',
    tokens,
    weights: {
      'q.table': floats(21, [tokens, 6 * 8], size),
      'k.table': floats(22, [tokens, 2 * 8], size),
      'v.table': floats(23, [tokens, 2 * 8], 3),
    },
    inputs: ['q', 'k', 'v'],
    operation: { op: 'attention', query: 'q', key: 'k', value: 'v', heads: 6, kvHeads: 2, window },
    lengths: [tokens - 9, 6, 1, 1, 1],
  }
}

/** rmsNorm, silu or rope of one table. */
function pointwise(name: string, clause: string, table: Tensor, operation: Operation, weight?: Tensor): Question {
  const weights = { 'x.table': table, ...(weight && { 'result.weight': weight }) }
  return { name, clause, tokens: table.shape[0], weights, inputs: ['x'], operation }
}

const sizes = [1e-4, 3e-3, 1, 4e3]
const normInput = encode(
  'F32',
  [4, 48],
  spread(31, [4, 48], 1).map((x, i) => x * sizes[Math.floor(i / 48)]),
)
const halves = Float64Array.from({ length: 202 }, (_, i) => i - 100.5)

export const questions: readonly Question[] = [
  linear('1,500 terms', 'linear.1', floats(1, [20, 1500], 0.05)),
  linear('bias', 'linear.1', floats(2, [20, 70], 0.1), { bias: floats(3, [20], 3) }),
  linear('all codes of E4M3, one scale', 'fp8.2', codes('F8_E4M3', [20, 150]), { scale: scales(4, [1]) }),
  linear('all codes of E5M2, a scale per channel', 'fp8.2', codes('F8_E5M2', [20, 150]), { scale: scales(5, [20]) }),
  linear('subnormals of E4M3', 'fp8.2', subnormals([14, 40]), { scale: scales(6, [14]) }),
  linear('E4M3 in blocks', 'fp8.3', codes('F8_E4M3', [150, 300]), { scale: scales(7, [2, 3]) }),
  attention('scores of hundreds', 24, 30, null),
  attention('window 7', 24, 1.5, 7),
  attention('80 keys', 80, 1.5, null),
  pointwise(
    'rmsNorm, rows no larger than epsilon and rows of thousands',
    'rmsNorm.1',
    normInput,
    { op: 'rmsNorm', x: 'x', weight: 'result.weight', epsilon: 1e-5 },
    floats(32, [48], 2),
  ),
  pointwise('silu from −100 to 100', 'silu.1', encode('F32', [2, 101], halves), { op: 'silu', x: 'x' }),
  pointwise('rope to position 1,199', 'rope.2', floats(41, [1200, 16], 1), {
    op: 'rope',
    x: 'x',
    heads: 2,
    frequencies: frequencies(8, 1e4, { type: 'default' }),
  }),
]
