import { presentTfjs, runtimeNames, tfjs } from '@tramontane/backend-tfjs'
import { reference, remote, type Backend, type Port } from '@tramontane/core'
import { Worker } from 'node:worker_threads'
import { javascriptLimits, type Limits } from './bench/limits.ts'

/** A backend and what it takes to end it. */
export interface Started {
  readonly backend: Backend
  /** Of one in a thread of its own: resolves when that has ended, with the reason. What it is asked then fails at once. */
  readonly died?: Promise<Error>
  stop(): Promise<unknown>
}

/** A backend that this installation has. Nothing is loaded before `start`. */
export interface PresentBackend {
  readonly name: string
  start(): Promise<Started>
  /** Threads that compute. */
  readonly threads: number
  /** Prompt tokens of one pass when it is measured. */
  readonly chunk: number
  /** Measures the most that its kind of computing could do here, on as many threads. */
  limits(): Promise<Limits>
}

/** What `--backend` can name; the first one defines what is right. */
export const present: readonly PresentBackend[] = [
  { name: 'reference', start: () => startBackend('reference'), threads: 1, chunk: 64, limits: javascriptLimits },
]

/** Backends that compute on the CPU and so run in a thread of their own, by name. */
export const makers: Readonly<Record<string, () => Backend | Promise<Backend>>> = {
  reference,
  ...Object.fromEntries(runtimeNames.map((name) => [name, () => tfjs(name)])),
}

/** What `--backend` can name where one computes: the reference, TensorFlow.js's runtimes, and the fastest that is there. */
export const computing: readonly string[] = ['auto', ...Object.keys(makers)]

/** The backend of a name; of `auto` the fastest that is there. `why`: for people, where there was a choice. */
export async function chosen(name: string): Promise<{ readonly name: string; readonly why: string | null }> {
  if (name !== 'auto') return { name, why: null }
  return (await presentTfjs()) ?? { name: 'reference', why: 'TensorFlow.js is not installed or does not load' }
}

/** What a worker is told. */
export interface WorkerOrder {
  readonly port: Port
  /** A key of `makers`. */
  readonly name: string
}

/** A backend in a thread of its own. Run from its TypeScript sources, which Node 20 cannot start as a worker, in this one. */
export async function startBackend(name = 'reference'): Promise<Started> {
  if (import.meta.url.endsWith('.ts')) {
    return { backend: await makers[name](), stop: async () => {} }
  }
  const { port1, port2 } = new MessageChannel()
  const workerData = { port: port2, name }
  const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData, transferList: [port2] })
  const died = death(worker)
  const backend = remote(port1 as unknown as Port)
  // A worker that dies must fail what waits for it, not leave it waiting.
  void died.then(async (reason) => (await backend).close(reason))
  const failed = died.then((reason) => Promise.reject(reason))
  return { backend: await Promise.race([backend, failed]), died, stop: () => worker.terminate() }
}

/** Why a worker has ended: its uncaught error, or else that it has. */
export function death(worker: Worker): Promise<Error> {
  return new Promise((resolve) => {
    worker.once('error', (error: unknown) => resolve(error instanceof Error ? error : new Error(String(error))))
    worker.once('exit', (code) => resolve(new Error(`a worker has ended, with code ${code}`)))
  })
}
