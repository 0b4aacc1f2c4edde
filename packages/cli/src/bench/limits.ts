import { readFileSync } from 'node:fs'
import { freemem } from 'node:os'
import { Worker } from 'node:worker_threads'
import { chains, multiplyAdd, touchLines } from './limit-loops.ts'

/** The most that one kind of computing reaches on this machine, measured. */
export interface Limits {
  /** What did the work, for example `one JavaScript thread`. */
  readonly kind: string
  /** How memory was read, in words. */
  readonly stream: string
  readonly bytesPerSecond: number
  /** How numbers were multiplied and added, in words. */
  readonly arithmetic: string
  readonly operationsPerSecond: number
}

/** Times a loop is measured; a limit is the best of them. */
export const attempts = 5

/** Reading at least this much is reading memory, whatever the caches hold. */
const leastBuffer = 2 ** 28

/** The limits of one thread of JavaScript, in a thread of their own: its memory is given back at once. */
export async function javascriptLimits(): Promise<Limits> {
  if (import.meta.url.endsWith('.ts')) return measureLimits()
  return limitsInWorker('reference')
}

/** What `limits-worker.ts` measures for a backend. */
export async function limitsInWorker(backend: string): Promise<Limits> {
  const worker = new Worker(new URL('./limits-worker.js', import.meta.url), { workerData: backend })
  try {
    return await new Promise<Limits>((resolve, reject) => worker.once('message', resolve).once('error', reject))
  } finally {
    await worker.terminate()
  }
}

/** Twice the largest cache, but no more than a quarter of the free memory. In bytes. */
export function bufferSize(cache: number, free: number): number {
  return Math.floor(Math.min(Math.max(leastBuffer, 2 * cache), free / 4) / 64) * 64
}

/** Measures in this thread. */
export function measureLimits(bytes = bufferSize(largestCache(), freemem()), rounds = 2e7): Limits {
  const buffer = new Float64Array(bytes / Float64Array.BYTES_PER_ELEMENT).fill(1)
  return {
    kind: 'one JavaScript thread',
    stream: `one double of every cache line of ${Math.round(bytes / 2 ** 20)} MiB`,
    bytesPerSecond: bytes / fastest(() => touchLines(buffer)),
    arithmetic: `${chains} independent chains of x · m + b in f64, without SIMD or fused operations`,
    operationsPerSecond: (2 * chains * rounds) / fastest(() => multiplyAdd(rounds, 0.5, 0.25)),
  }
}

/** Seconds of the fastest attempt after one that only warms up. */
function fastest(work: () => number): number {
  const seconds = Array.from({ length: attempts + 1 }, () => {
    const start = performance.now()
    // A result that nobody could see might not be computed.
    if (Number.isNaN(work())) throw new Error('a limit loop gave no number')
    return (performance.now() - start) / 1000
  })
  return Math.min(...seconds.slice(1))
}

/** Bytes of the last cache, where Linux tells; else 0. */
export function largestCache(): number {
  const sizes = [3, 2].map((index) => {
    try {
      const text = readFileSync(`/sys/devices/system/cpu/cpu0/cache/index${index}/size`, 'utf8')
      return parseInt(text) * 1024
    } catch {
      return 0
    }
  })
  return Math.max(...sizes)
}
