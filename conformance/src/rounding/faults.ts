import type { Graph, Node, NodeOf } from '@tramontane/core'
import { sixteenBits } from './arithmetic.ts'
import { sequential, type Kernels } from './kernels.ts'

/** A mistake that engines have made, or could. */
export interface Fault {
  readonly name: string
  change(right: Kernels): Partial<Kernels>
}

const f16 = sixteenBits('F16')
const bf16 = sixteenBits('BF16')

/** The graph with some nodes changed. */
function rewired(change: (node: Node, graph: Graph) => Partial<Node>): Partial<Kernels> {
  return {
    understood: (graph) => ({
      ...graph,
      nodes: graph.nodes.map((node) => ({ ...node, ...change(node, graph) }) as Node),
    }),
  }
}

const gelu = (x: number): number => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))

const ropeWith = (turn: (frequency: number) => number): Partial<Kernels> =>
  rewired((node) =>
    node.op === 'rope' ? ({ frequencies: node.frequencies.map(turn) } as Partial<NodeOf<'rope'>>) : {},
  )

/** RMSNorm with another factor for the row. */
function normWith(factor: (mean: number, epsilon: number, D: number) => number, shift = 0): Partial<Kernels> {
  return {
    norm(x, weight, epsilon) {
      const squares = x.reduce((sum, v) => sum + v * v, 0)
      const r = factor(squares / x.length, epsilon, x.length)
      return x.map((v, c) => Math.fround(v * r * (weight[c] + shift)))
    },
  }
}

const sums: Fault[] = [
  { name: 'sums accumulate in f16', change: () => ({ total: sequential(f16) }) },
  { name: 'sums accumulate in bf16', change: () => ({ total: sequential(bf16) }) },
  {
    name: 'last term of every linear dropped',
    change: ({ dot }) => ({
      dot(x, w, scales, n) {
        return dot.call(this, x.subarray(0, x.length - 1), w.subarray(0, x.length - 1), scales, n)
      },
    }),
  },
  {
    name: 'one output of every linear 0.01 % off',
    change: ({ dot }) => ({
      dot(x, w, scales, n) {
        return dot.call(this, x, w, scales, n) * (n === 5 ? 1.0001 : 1)
      },
    }),
  },
  { name: 'activations and weights of linears rounded to bf16', change: () => ({ operand: bf16 }) },
  { name: 'activations and weights of linears rounded to f16', change: () => ({ operand: f16 }) },
  {
    name: 'results of linears stored in f16',
    change: ({ dot }) => ({
      dot(x, w, scales, n) {
        return f16(dot.call(this, x, w, scales, n))
      },
    }),
  },
  { name: 'bias left out', change: () => rewired((node) => (node.op === 'linear' ? { bias: null } : {})) },
]

const scales: Fault[] = [
  { name: 'scales 2 % too large', change: ({ scaleAt }) => ({ scaleAt: (s, n, k) => scaleAt(s, n, k) * 1.02 }) },
  { name: 'scales divide', change: ({ scaleAt }) => ({ scaleAt: (s, n, k) => 1 / scaleAt(s, n, k) }) },
  {
    name: 'scales of channels shifted by one',
    change: ({ scaleAt }) => ({
      scaleAt: (s, n, k) => scaleAt(s, s.shape.length === 1 ? (n + 1) % s.shape[0] : n, k),
    }),
  },
  {
    name: 'blocks split evenly instead of by 128',
    change: ({ scaleAt }) => ({
      // 300 columns in three blocks: 100 each.
      scaleAt: (s, n, k) => scaleAt(s, n, s.shape.length === 2 ? Math.min(Math.floor(k / 100) * 128, 299) : k),
    }),
  },
  {
    name: 'block scales transposed',
    change: () => ({
      scaleAt({ shape, values }, n, k) {
        if (shape.length === 1) return values[shape[0] === 1 ? 0 : n]
        return values[(Math.floor(k / 128) * shape[0] + Math.floor(n / 128)) % values.length]
      },
    }),
  },
  {
    name: 'E4M3 read as E4M3FNUZ',
    change: ({ decodeWeight }) => ({
      decodeWeight(weight) {
        const values = decodeWeight(weight)
        if (weight.dtype !== 'F8_E4M3') return values
        return values.map((v, i) => (weight.data[i] === 0x80 ? NaN : v / 2))
      },
    }),
  },
  {
    name: 'subnormals of E4M3 flushed',
    change: ({ decodeWeight }) => ({
      decodeWeight(weight) {
        const values = decodeWeight(weight)
        return weight.dtype === 'F8_E4M3' ? values.map((v) => (Math.abs(v) < 2 ** -6 ? 0 : v)) : values
      },
    }),
  },
]

const attentions: Fault[] = [
  {
    name: 'window one too wide',
    change: ({ seen }) => ({ seen: (i, window) => seen(i, window === null ? null : window + 1) }),
  },
  {
    name: 'window one too narrow',
    change: ({ seen }) => ({ seen: (i, window) => seen(i, window === null ? null : window - 1) }),
  },
  { name: 'window ignored', change: ({ seen }) => ({ seen: (i) => seen(i, null) }) },
  { name: 'queries see the next key', change: ({ seen }) => ({ seen: (i, window) => [seen(i, window)[0], i + 2] }) },
  { name: 'key-value heads taken in turn', change: () => ({ group: (h, _heads, kvHeads) => h % kvHeads }) },
  {
    name: '1/√d left out',
    change: ({ score }) => ({
      score(query, key) {
        return score.call(this, query, key) * Math.sqrt(query.length)
      },
    }),
  },
  {
    name: 'softmax without its maximum',
    change: () => ({
      softmax(scores, hidden) {
        scores.fill(0, 0, hidden)
        const visible = scores.subarray(hidden)
        visible.forEach((s, j) => (visible[j] = this.round!(Math.exp(s))))
        const sum = this.total!(visible.slice())
        visible.forEach((e, j) => (visible[j] = this.round!(e / sum)))
      },
    }),
  },
  {
    name: 'mask after softmax',
    change: ({ softmax }) => ({
      softmax(scores, hidden) {
        softmax.call(this, scores, 0)
        scores.fill(0, 0, hidden)
      },
    }),
  },
  {
    name: 'probabilities rounded to bf16',
    change: ({ softmax }) => ({
      softmax(scores, hidden) {
        softmax.call(this, scores, hidden)
        scores.forEach((w, j) => (scores[j] = bf16(w)))
      },
    }),
  },
]

const caches: Fault[] = [
  { name: 'cache row not overwritten after truncate', change: () => ({ overwrites: false }) },
  { name: 'forks write into each other', change: () => ({ forked: (rows) => rows }) },
  { name: 'cache in bf16', change: () => ({ remember: bf16 }) },
  { name: 'cache in f16', change: () => ({ remember: f16 }) },
  {
    name: 'keys beyond the last 16 lost',
    change: ({ seen }) => ({ seen: (i, window) => seen(i, Math.min(window ?? Infinity, 16)) }),
  },
  {
    name: 'keys cached before their rotation',
    change: () => rewired((node) => (node.op === 'attention' ? { key: node.key.replace(/\.rope$/, '') } : {})),
  },
]

const norms: Fault[] = [
  { name: 'epsilon outside the root', change: () => normWith((mean, epsilon) => 1 / (Math.sqrt(mean) + epsilon)) },
  { name: 'epsilon left out', change: () => normWith((mean) => 1 / Math.sqrt(mean)) },
  { name: 'epsilon 1e-6 for 1e-5', change: () => normWith((mean) => 1 / Math.sqrt(mean + 1e-6)) },
  {
    name: 'mean over D − 1',
    change: () => normWith((mean, epsilon, D) => 1 / Math.sqrt((mean * D) / (D - 1) + epsilon)),
  },
  { name: 'norm weights plus one', change: () => normWith((mean, epsilon) => 1 / Math.sqrt(mean + epsilon), 1) },
]

const rest: Fault[] = [
  {
    name: 'positions off by one',
    change: ({ angle }) => ({ angle: (t, i, pairs) => angle(Math.max(t - 1, 0), i, pairs) }),
  },
  { name: 'neighbours rotated instead of halves', change: () => ({ pair: (i) => [2 * i, 2 * i + 1] }) },
  { name: 'rotation backwards', change: () => ({ pair: (i, d) => [i + d / 2, i] }) },
  { name: 'another theta', change: () => ropeWith((f) => f ** 0.75) },
  { name: 'frequencies in float32', change: () => ropeWith(Math.fround) },
  { name: 'GELU for SiLU', change: () => ({ silu: gelu }) },
  {
    name: 'weights of gate and up swapped',
    change: () =>
      rewired((node) => {
        if (node.op !== 'linear' || !/\.(gate|up)$/.test(node.name)) return {}
        const other = (ref: string): string => ref.replace(/gate|up/, (name) => (name === 'up' ? 'gate' : 'up'))
        return {
          weight: other(node.weight),
          scale: node.scale && other(node.scale),
          bias: node.bias && other(node.bias),
        }
      }),
  },
  {
    name: 'second residual from before attention',
    change: () =>
      rewired((node, { nodes }) => {
        if (node.op !== 'add' || !node.name.endsWith('.mlp.residual')) return {}
        const first = nodes.find(({ name }) => name === node.a)
        return first?.op === 'add' ? { a: first.a } : {}
      }),
  },
  { name: 'logits of the row before', change: () => ({ picked: (rows) => rows.map((row) => Math.max(row - 1, 0)) }) },
]

/** Every one of them must be killed by at least one shared case. */
export const faults: readonly Fault[] = [...sums, ...scales, ...attentions, ...caches, ...norms, ...rest]
