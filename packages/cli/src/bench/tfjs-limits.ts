import { openRuntime, type Runtime, type RuntimeName } from '@tramontane/backend-tfjs'
import { availableParallelism, freemem } from 'node:os'
import { attempts, bufferSize, largestCache, limitsInWorker, type Limits } from './limits.ts'

/** The two products that are timed: x [1, K] · b [K, N] with b of `bytes`, and a [M, K] · b [K, N] of `product`. */
export interface Sizes {
  readonly bytes: number
  /** [M, K, N] */
  readonly product: readonly [number, number, number]
}

/** Inputs and outputs of a small model's matrix; the matrix that is read has that many rows, and some times its columns. */
const [inputs, outputs] = [576, 1536]

/** The most that is read: it is more than caches hold, WebAssembly holds it twice, and this thread once more. */
const mostBuffer = 2 ** 29

/** Seconds that an attempt takes at least, by repeating: a card's clock is read from afar. */
const least = 0.02

/** Products of a prompt; larger for TensorFlow, as a card is idle with less, and smaller for WebAssembly, which they slow. */
const products: Readonly<Record<RuntimeName, Sizes['product']>> = {
  'tfjs-node-gpu': [512, 4096, 4096],
  'tfjs-node': [512, 4096, 4096],
  'tfjs-wasm': [512, inputs, outputs],
  'tfjs-cpu': [512, inputs, outputs],
}

const kinds: Readonly<Record<RuntimeName, string>> = {
  'tfjs-node-gpu': 'TensorFlow on its GPU',
  'tfjs-node': `TensorFlow on ${availableParallelism()} threads`,
  'tfjs-wasm': 'one thread of WebAssembly',
  'tfjs-cpu': "TensorFlow.js's kernels on one JavaScript thread",
}

/** The limits of a runtime's own products, in a thread of their own: its memory is given back at once. */
export async function tfjsLimits(name: RuntimeName): Promise<Limits> {
  if (import.meta.url.endsWith('.ts')) return measureTfjs(name)
  return limitsInWorker(name)
}

/** Measures in this thread. @throws {InputError} the runtime is not there */
export async function measureTfjs(name: RuntimeName, sizes = sizesFor(name)): Promise<Limits> {
  const runtime = await openRuntime(name)
  const columns = outputs * Math.max(1, Math.round(sizes.bytes / (4 * inputs * outputs)))
  const [M, K, N] = sizes.product
  const vector = await secondsOf(runtime, [1, inputs, columns])
  const matrix = await secondsOf(runtime, [M, K, N])
  return {
    kind: kinds[name],
    stream: `its product of a vector and ${Math.round((4 * inputs * columns) / 2 ** 20)} MiB of float32`,
    bytesPerSecond: (4 * inputs * columns) / vector,
    arithmetic: `its product of [${M}, ${K}] and [${K}, ${N}] in float32`,
    operationsPerSecond: (2 * M * K * N) / matrix,
  }
}

function sizesFor(name: RuntimeName): Sizes {
  // A third: what is held in all is up to three times as much.
  const bytes = Math.min(mostBuffer, bufferSize(largestCache(), freemem() / 3))
  return { bytes, product: products[name] }
}

/** Seconds of one product [M, K] · [K, N] in the fastest attempt, after one that packs and warms up. */
async function secondsOf<T>(r: Runtime<T>, [M, K, N]: Sizes['product']): Promise<number> {
  const [a, b] = [filled(r, M, K), filled(r, K, N)]
  try {
    await attempt(r, a, b, 1)
    const repeats = Math.min(1000, Math.ceil(least / (await attempt(r, a, b, 1))))
    let best = Infinity
    for (let i = 0; i < attempts; i++) best = Math.min(best, (await attempt(r, a, b, repeats)) / repeats)
    return best
  } finally {
    r.free(a)
    r.free(b)
  }
}

/** Seconds of so many products. A number of the last one is asked for: that ends when all have ended. */
async function attempt<T>(r: Runtime<T>, a: T, b: T, repeats: number): Promise<number> {
  const start = performance.now()
  for (let i = 1; i < repeats; i++) r.free(r.matMul(a, b))
  const last = r.matMul(a, b)
  const corner = r.slice(last, [0, 0], [1, 1])
  const [value] = await r.download(corner)
  const seconds = (performance.now() - start) / 1000
  r.free(corner)
  r.free(last)
  if (!(value > 0)) throw new Error(`${r.name}: expected a positive product, found ${value}`)
  return seconds
}

function filled<T>(r: Runtime<T>, rows: number, columns: number): T {
  return r.upload(new Float32Array(rows * columns).fill(0.5), [rows, columns])
}
