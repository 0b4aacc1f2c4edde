import { wasmLimit, wasmRoom } from '@tramontane/backend-tfjs'
import { byteLength, elements, type BareModel } from '@tramontane/core'

/** What is known of a model's weights, in bytes and numbers. */
interface Weights {
  /** All as they are on disk. */
  readonly codes: number
  /** Tables that rows are looked up in. */
  readonly tables: number
  /** Of the largest one. */
  readonly largest: number
  /** Numbers in the weights of linears. */
  readonly numbers: number
}

interface Holding {
  /** Bytes of all weights where so many are free. */
  weights(weights: Weights, free: number): number
  /** Bytes of one number of a key or a value. */
  readonly cache: number
}

/** Vectors are too small to count. On TensorFlow.js tables stay with the host as codes, also where a linear shares them. */
const holdings: Readonly<Record<string, Holding>> = {
  // All is on the card, as codes, of whose memory WebGPU says nothing; weights pass through the host one at a time, in two copies.
  webgpu: { weights: ({ largest }) => 2 * largest, cache: 0 },
  // The same on an adapter that is a CPU, in float32 but for the codes.
  'webgpu-software': { weights: ({ codes, largest }) => codes + 2 * largest, cache: 4 },
  // Codes are decoded as they are used; everything else is F64.
  reference: { weights: ({ codes }) => codes, cache: 8 },
  // Float32.
  'tfjs-cpu': { weights: ({ tables, numbers }) => tables + 4 * numbers, cache: 4 },
  // Float32 and the packed copy that its product keeps, of keys and values too. What has no room stays as codes.
  'tfjs-wasm': {
    weights({ codes, tables, numbers }) {
      const resident = Math.min(8 * numbers, wasmRoom)
      return tables + resident + codes * (1 - resident / (8 * numbers))
    },
    cache: 8,
  },
  // Float32 in a quarter of what is free, the rest in 16 bits; never in fewer than it has on disk.
  'tfjs-node': {
    weights: ({ codes, tables, numbers }, free) =>
      tables + Math.max(codes, 2 * numbers + Math.min(free / 4, 4 * numbers) / 2),
    cache: 4,
  },
  // All is on the card, whose memory TensorFlow knows; weights pass through the host one at a time, in two copies.
  'tfjs-node-gpu': { weights: ({ tables, largest }) => tables + 2 * largest, cache: 0 },
}

/**
 * Bytes that a backend holds, if `free` are free: of all weights, and of one token of a conversation. One that is not known
 * here counts as the reference.
 */
export function held(
  { weights, graph, config }: Pick<BareModel, 'weights' | 'graph' | 'config'>,
  backend: string,
  free: number,
): { readonly weights: number; readonly perToken: number } {
  const holding = holdings[backend] ?? holdings['reference']
  const perToken = 2 * config.layers * config.kvHeads * config.headDim * holding.cache
  return { weights: holding.weights(count({ weights, graph }), free), perToken }
}

function count({ weights, graph }: Pick<BareModel, 'weights' | 'graph'>): Weights {
  const linears = new Set(graph.nodes.flatMap((node) => (node.op === 'linear' ? [node.weight] : [])))
  const tables = new Set(graph.nodes.flatMap((node) => (node.op === 'gather' ? [node.table] : [])))
  const specs = [...weights.specs]
  const sum = (values: number[]): number => values.reduce((a, b) => a + b, 0)
  return {
    codes: sum(specs.map(([, spec]) => byteLength(spec))),
    tables: sum(specs.map(([name, spec]) => (tables.has(name) ? byteLength(spec) : 0))),
    largest: specs.reduce((most, [, spec]) => Math.max(most, byteLength(spec)), 0),
    numbers: sum(specs.map(([name, { shape }]) => (linears.has(name) ? elements(shape) : 0))),
  }
}

/** Whether all weights have room in WebAssembly; else some are decoded and taken there anew in every pass. */
export function fitsWasm(model: Pick<BareModel, 'weights' | 'graph'>): boolean {
  return 8 * count(model).numbers <= wasmRoom
}

/** Bytes that a backend with weights of `weights` bytes has left to address, whatever is free. */
export function addressable(backend: string, weights: number): number {
  return backend === 'tfjs-wasm' ? wasmLimit - Math.min(weights, wasmRoom) : Infinity
}
