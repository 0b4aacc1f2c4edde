import type { Backend } from '../backend.ts'
import { decode } from '../dtype.ts'
import { interpreter } from '../interpreter.ts'
import { NodeCaches } from '../node-caches.ts'
import type { OpTable } from '../op-table.ts'
import { tensor, type Tensor } from '../tensor.ts'
import { attention } from './attention.ts'
import { add, mul, silu } from './elementwise.ts'
import { gather, lookup } from './gather.ts'
import { linear } from './linear.ts'
import type { Matrix } from './matrix.ts'
import { KeyValues, type PagedCache } from './paged-cache.ts'
import { rmsNorm } from './rms-norm.ts'
import { rope } from './rope.ts'

/**
 * The backend that defines what is right: double precision, one op per short file, weights kept as the codes on disk
 * and decoded row by row. Every row is computed in the same order whatever stands beside it.
 */
export function reference(): Backend {
  return interpreter(table)
}

const table: OpTable<Matrix, Tensor, PagedCache> = {
  name: 'reference',
  batchInvariant: true,
  weight: (weight) => weight,
  freeWeight: () => {},
  weightBytes: (weight) => weight.data.byteLength,
  upload: (value) => ({ rows: value.shape[0], columns: value.shape[1], data: decode(value) }),
  download: ({ rows, columns, data }) => tensor('F64', [rows, columns], data),
  free: () => {},
  bytes: ({ data }) => data.byteLength,
  cache: (attentions) => NodeCaches.for(attentions, () => new KeyValues()),
  cacheBytes: (cache) => cache.bytes,
  cacheElement: Float64Array.BYTES_PER_ELEMENT,
  lookup,
  gather,
  rmsNorm: (x, weight, epsilon) => rmsNorm(x, decode(weight), epsilon),
  linear,
  rope,
  attention,
  silu,
  mul,
  add,
}
