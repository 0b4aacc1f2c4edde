import { decode, encode, interpreter, type Backend, type Cache, type OpTable, type Tensor } from '@tramontane/core'
import type { Matrix } from '../bound/matrix.ts'
import { filled, type Kernels } from './kernels.ts'

/** Keys and values by attention node and position. */
type Rows = Map<string, Float64Array[]>

class Past implements Cache {
  readonly keys: Rows = new Map()
  readonly values: Rows = new Map()
  readonly #forked: Kernels['forked']

  constructor(forked: Kernels['forked']) {
    this.#forked = forked
  }

  keep(): void {}

  close(): void {
    this.keys.clear()
    this.values.clear()
  }

  fork(): Past {
    const twin = new Past(this.#forked)
    for (const [name, rows] of this.keys) twin.keys.set(name, this.#forked(rows))
    for (const [name, rows] of this.values) twin.values.set(name, this.#forked(rows))
    return twin
  }
}

function row({ data, columns }: Matrix, t: number): Float64Array {
  return data.subarray(t * columns, (t + 1) * columns)
}

/** Rows of equal length, one below the other. */
function stacked(columns: number, list: readonly Float64Array[]): Matrix {
  const data = new Float64Array(list.length * columns)
  list.forEach((values, t) => data.set(values, t * columns))
  return { rows: list.length, columns, data }
}

const each = (x: Matrix, f: (v: number, i: number) => number): Matrix => ({
  ...x,
  data: filled(x.data.length, (i) => f(x.data[i], i)),
})

/** A backend in which every operation rounds, made of kernels that can be replaced one by one. Slow; for tests. */
export function roundingBackend(k: Kernels): Backend {
  const inner = interpreter(table(k))
  return { ...inner, load: (graph, weights, options) => inner.load(k.understood(graph), weights, options) }
}

/** A weight, decoded once. */
interface Weight {
  readonly shape: readonly number[]
  readonly bytes: number
  readonly values: Float64Array
  /** As linears multiply it. */
  readonly operands: Float64Array
}

type Table = OpTable<Matrix, Weight, Past>

function table(k: Kernels): Table {
  return {
    name: 'rounding',
    batchInvariant: false,
    weight(weight) {
      const values = k.decodeWeight(weight)
      return { shape: weight.shape, bytes: weight.data.byteLength, values, operands: values.map((w) => k.operand(w)) }
    },
    freeWeight: () => {},
    weightBytes: ({ bytes }) => bytes,
    upload: (value) => ({ rows: value.shape[0], columns: value.shape[1], data: decode(value).map((x) => k.round(x)) }),
    download: ({ rows, columns, data }) => encode('F32', [rows, columns], data),
    free: () => {},
    bytes: ({ data }) => data.byteLength,
    cache: () => new Past(k.forked),
    cacheBytes: ({ keys }) => [...keys.values()].reduce((sum, rows) => sum + rows.length * 64, 0),
    cacheElement: Float64Array.BYTES_PER_ELEMENT,
    lookup(rows, { shape, values }) {
      const all = { rows: shape[0], columns: shape[1], data: values }
      return stacked(
        all.columns,
        [...rows].map((id) => row(all, id)),
      )
    },
    gather: (rows, x) =>
      stacked(
        x.columns,
        [...k.picked(rows)].map((t) => row(x, t)),
      ),
    rmsNorm: (x, { values }, epsilon) =>
      stacked(
        x.columns,
        Array.from({ length: x.rows }, (_, t) => k.norm(row(x, t), values, epsilon)),
      ),
    linear: (x, weight, scale, bias) => linear(k, x, weight, scale, bias),
    rope(x, heads, { cos, sin }) {
      const out = { ...x, data: new Float64Array(x.data.length) }
      const d = x.columns / heads
      for (let at = 0; at < x.data.length; at += d) {
        for (let i = 0; i < d / 2; i++) {
          const angle = k.angle(Math.floor(at / x.columns), i, d / 2)
          const [c, s] = [k.round(cos[angle]), k.round(sin[angle])]
          const [first, second] = k.pair(i, d)
          const [a, b] = [x.data[at + first], x.data[at + second]]
          out.data[at + first] = k.round(k.round(a * c) - k.round(b * s))
          out.data[at + second] = k.round(k.round(b * c) + k.round(a * s))
        }
      }
      return out
    },
    attention: (node, inputs, spans, wanted) => attention(k, node, inputs, spans, wanted),
    silu: (x) => each(x, (v) => k.silu(v)),
    mul: (a, b) => each(a, (v, i) => k.round(v * b.data[i])),
    add: (a, b) => each(a, (v, i) => k.round(v + b.data[i])),
  }
}

function linear(k: Kernels, x: Matrix, weight: Weight, scale: Weight | null, bias: Weight | null): Matrix {
  const [N, K] = weight.shape
  const operands = each(x, (v) => k.operand(v))
  const out = { rows: x.rows, columns: N, data: new Float64Array(x.rows * N) }
  for (let t = 0; t < x.rows; t++) {
    for (let n = 0; n < N; n++) {
      const sum = k.dot(row(operands, t), weight.operands.subarray(n * K, (n + 1) * K), scale, n)
      out.data[t * N + n] = bias ? k.round(sum + bias.values[n]) : sum
    }
  }
  return out
}

function attention(
  k: Kernels,
  { name, heads, kvHeads, window }: Parameters<Table['attention']>[0],
  { query, key, value }: { readonly query: Matrix; readonly key: Matrix; readonly value: Matrix },
  spans: Parameters<Table['attention']>[2],
  wanted: boolean,
): { value: Matrix; pattern?: Tensor[] } {
  const d = query.columns / heads
  const out = { ...query, data: new Float64Array(query.data.length) }
  const pattern = spans.map(({ cache, start, from, to }) => {
    const [T, S] = [to - from, start + to - from]
    const keys = append(k, cache.keys, name, start, key, from, to)
    const values = append(k, cache.values, name, start, value, from, to)
    const weights = new Float64Array(heads * T * S)
    for (let h = 0; h < heads; h++) {
      const offset = k.group(h, heads, kvHeads) * d
      for (let t = from; t < to; t++) {
        const [first, end] = k.seen(start + t - from, window)
        const q = row(query, t).subarray(h * d, (h + 1) * d)
        // Keys outside the window are worked on too: hiding them is the business of the softmax.
        const scores = filled(Math.min(end, keys.length), (j) => k.score(q, keys[j].subarray(offset, offset + d)))
        k.softmax(scores, first)
        for (let c = 0; c < d; c++) {
          const terms = filled(scores.length - first, (j) => k.round(scores[first + j] * values[first + j][offset + c]))
          out.data[t * query.columns + h * d + c] = k.total(terms)
        }
        weights.set(scores.subarray(0, S), (h * T + t - from) * S)
      }
    }
    return encode('F64', [heads, T, S], weights)
  })
  return wanted ? { value: out, pattern } : { value: out }
}

/** Puts rows [from, to) at positions from `start` on. → all rows so far */
function append(k: Kernels, past: Rows, name: string, start: number, x: Matrix, from: number, to: number) {
  const rows = past.get(name) ?? []
  past.set(name, rows)
  for (let t = from; t < to; t++) {
    const position = start + t - from
    if (rows[position] === undefined || k.overwrites) rows[position] = row(x, t).map((v) => k.remember(v))
  }
  return rows
}
