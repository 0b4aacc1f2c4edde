import { runtimeNames, type RuntimeName } from '@tramontane/backend-tfjs'
import { InputError, remote, type Port } from '@tramontane/core'
import { availableParallelism } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import { javascriptLimits, type Limits } from './bench/limits.ts'
import { tfjsLimits } from './bench/tfjs-limits.ts'
import { webgpuLimits } from './bench/webgpu-limits.ts'
import { fitsWasm } from './held-memory.ts'
import type { About, Made } from './made.ts'
import { makeBackend, others } from './make-backend.ts'

/** A backend and what it takes to end it. */
export interface Started extends Made {
  /** Resolves with the reason when a thread of its own has ended, or its device is lost. What it is asked then fails at once. */
  readonly died?: Promise<Error>
  stop(): Promise<unknown>
}

/** A backend that can be measured. */
export interface PresentBackend {
  readonly name: string
  /** Rejects with InputError where this installation lacks it; without this it is always there. */
  find?(): Promise<unknown>
  start(): Promise<Pick<Started, 'backend' | 'stop'> & Partial<Pick<Started, 'about'>>>
  /** Not measured unless it is named: it would take most of the time, and nobody computes with it who need not. */
  readonly onlyWhenAsked?: boolean
  /** Threads that compute. */
  readonly threads: number
  /** Prompt tokens of one pass when it is measured. */
  readonly chunk: number
  /** Measures the most that its kind of computing could do here, on as many threads. */
  limits(): Promise<Limits>
}

/** What `bench` knows; the first one defines what is right. */
export const present: readonly PresentBackend[] = [
  { name: 'reference', start: () => startBackend('reference'), threads: 1, chunk: 64, limits: javascriptLimits },
  {
    name: 'webgpu',
    find: async () => (await startBackend('webgpu')).stop(),
    start: () => startBackend('webgpu'),
    // The host only hands over what is to be done.
    threads: 1,
    chunk: 512,
    limits: webgpuLimits,
  },
  ...runtimeNames.map(measurable),
]

function measurable(name: RuntimeName): PresentBackend {
  return {
    name,
    find: async () => (await startBackend(name)).stop(),
    start: () => startBackend(name),
    onlyWhenAsked: name === 'tfjs-cpu',
    // TensorFlow takes all cores, also to feed a card.
    threads: name.startsWith('tfjs-node') ? availableParallelism() : 1,
    // One pass of the JavaScript kernels takes seconds.
    chunk: name === 'tfjs-cpu' ? 64 : 512,
    limits: () => tfjsLimits(name),
  }
}

/** What a worker is told. */
export interface WorkerOrder {
  readonly port: Port
  /** One of `computing`. */
  readonly asked: string
  /** Whether the model has room in WebAssembly. */
  readonly forWasm: boolean
}

/** What a worker says first: what it has made, or why it cannot. */
export type WorkerNews = { readonly about: About; readonly ends: boolean } | { readonly refused: string }

/** Milliseconds that a worker which ends by itself when it is told to may take. */
const patience = 5000

/** `startBackend` for a model and for who can take another: an error says what else computes. */
export async function startChosen(asked: string, model: Parameters<typeof fitsWasm>[0]): Promise<Started> {
  return startBackend(asked, fitsWasm(model)).catch((error: unknown) => {
    throw error instanceof InputError ? new InputError(`${error.message}; ${others(asked)}`) : error
  })
}

/**
 * A backend in a thread of its own, where alone its libraries are loaded. Run from its TypeScript sources, which Node 20
 * cannot start as a worker, in this one.
 *
 * @throws {InputError} as `makeBackend`
 */
export async function startBackend(asked: string, forWasm = true): Promise<Started> {
  if (import.meta.url.endsWith('.ts')) return here(await makeBackend(asked, forWasm))
  const { port1, port2 } = new MessageChannel()
  const workerData: WorkerOrder = { port: port2 as unknown as Port, asked, forWasm }
  const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData, transferList: [port2] })
  const died = death(worker)
  const failed = died.then((reason) => Promise.reject(reason))
  const news = new Promise<WorkerNews>((resolve) => worker.once('message', resolve))
  const said = await Promise.race([news, failed])
  if ('refused' in said) {
    // What was loaded there could keep it, and so this process, alive.
    await worker.terminate()
    // An error that crosses by itself would lose its class.
    throw new InputError(said.refused)
  }
  const backend = remote(port1 as unknown as Port)
  // A worker that dies must fail what waits for it, not leave it waiting.
  void died.then(async (reason) => (await backend).close(reason))
  const found = await Promise.race([backend, failed])
  const stop = async (): Promise<void> => {
    if (said.ends) {
      worker.postMessage('end')
      await Promise.race([died, sleep(patience, undefined, { ref: false })])
    }
    await worker.terminate()
  }
  return { backend: found, about: said.about, died: found.lost, stop }
}

/** One in this thread. */
export function here({ backend, about, end }: Made): Started {
  return { backend, about, ...(backend.lost && { died: backend.lost }), stop: async () => end?.() }
}

/** Why a worker has ended: its uncaught error, or else that it has. */
export function death(worker: Worker): Promise<Error> {
  return new Promise((resolve) => {
    worker.once('error', (error: unknown) => resolve(error instanceof Error ? error : new Error(String(error))))
    worker.once('exit', (code) => resolve(new Error(`a worker has ended, with code ${code}`)))
  })
}
