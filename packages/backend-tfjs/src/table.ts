import {
  decode,
  decodeInto,
  elements,
  NodeCaches,
  tensor,
  type Graph,
  type OpTable,
  type Tensor,
} from '@tramontane/core'
import { attention } from './attention.ts'
import { Chunks, type ChunkedCache } from './chunked-cache.ts'
import { Kept } from './kept.ts'
import { bytesOf, free, linear, place, scalesOf, type Pieces } from './linear.ts'
import { gather, rmsNorm, rope } from './pointwise.ts'
import { rolesOf } from './roles.ts'
import type { Runtime } from './runtime.ts'

/** A weight, in every form in which some node of the graph uses it. */
export interface Weight<T> {
  /** With the host, as codes: only the rows asked for are decoded. */
  readonly table?: Tensor
  readonly pieces?: Pieces<T>
  readonly vector?: T
  readonly scales?: readonly T[]
}

/** The eight ops on one runtime, for one graph. */
export function opTable<T>(r: Runtime<T>, graph: Graph): OpTable<T, Weight<T>, ChunkedCache<T>> {
  const roles = rolesOf(graph, r.room, r.operandBytes)
  const kept = new Kept(r)
  // They are loaded first.
  const scales = new Map<string, Float32Array>()
  const vector = (value: Tensor): T => r.upload(Float32Array.from(decode(value)), [value.data.length])
  const freeWeight = ({ pieces, vector, scales }: Weight<T>): void => {
    if (pieces) free(r, pieces)
    if (vector !== undefined) r.free(vector)
    for (const scale of scales ?? []) r.free(scale)
  }
  return {
    name: r.name,
    batchInvariant: false,
    weight(value, name) {
      const role = roles.get(name)!
      if (role.scaleOf !== undefined) scales.set(name, Float32Array.from(decode(value)))
      const scale = role.scale === null ? undefined : scales.get(role.scale)
      const made: { -readonly [form in keyof Weight<T>]: Weight<T>[form] } = {}
      try {
        if (role.table) made.table = value
        if (role.matrix) made.pieces = place(r, value, role, scale)
        if (role.vector) made.vector = vector(value)
        if (role.scaleOf !== undefined) made.scales = scalesOf(r, value, role.scaleOf)
      } catch (error) {
        freeWeight(made)
        throw error
      }
      return made
    },
    freeWeight,
    weightBytes({ table, pieces, vector, scales }) {
      const floats = [...(vector === undefined ? [] : [vector]), ...(scales ?? [])]
      const small = floats.reduce((sum, x) => sum + 4 * elements(r.shape(x)), 0)
      // Codes that stay with the host may be both: a table, and what a linear takes to the device piece by piece.
      const rows = table === undefined || pieces?.pieces.includes(table) ? 0 : table.data.byteLength
      return rows + (pieces ? bytesOf(pieces) : 0) + small
    },
    upload: (value) => r.upload(Float32Array.from(decode(value)), value.shape),
    download: async (value) => tensor('F32', [...r.shape(value)], await r.download(value)),
    free: (value) => r.free(value),
    bytes: (value) => 4 * elements(r.shape(value)),
    cache: (attentions) => NodeCaches.for(attentions, () => new Chunks(r)),
    cacheBytes: (cache) => cache.bytes,
    cacheElement: r.operandBytes,
    dispose: () => kept.dispose(),
    lookup: (rows, weight) => lookup(r, rows, weight.table!),
    gather: (rows, table) => gather(r, rows, table),
    rmsNorm: (x, weight, epsilon) => rmsNorm(r, kept, x, weight.vector!, epsilon),
    linear: (x, weight, scale, bias) => linear(r, x, weight.pieces!, scale?.scales ?? null, bias?.vector ?? null),
    rope: (x, heads, angles) => rope(r, kept, x, heads, angles),
    attention: (node, inputs, spans, pattern, breathe) => attention(r, kept, node, inputs, spans, pattern, breathe),
    silu: (x) => r.silu(x),
    mul: (a, b) => r.mul(a, b),
    add: (a, b) => r.add(a, b),
  }
}

/** [gather.1] from a weight. rows [R], table [N, D] → [R, D] */
function lookup<T>(r: Runtime<T>, rows: Int32Array, table: Tensor): T {
  const columns = table.shape[1]
  const row = new Float64Array(columns)
  const out = new Float32Array(rows.length * columns)
  rows.forEach((id, i) => {
    decodeInto(row, table, { from: id * columns, to: (id + 1) * columns })
    out.set(row, i * columns)
  })
  return r.upload(out, [rows.length, columns])
}
