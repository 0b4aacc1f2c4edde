import { reference, remote, type Backend, type Port } from '@tramontane/core'
import { Worker } from 'node:worker_threads'

/** A backend and what it takes to end it. */
export interface Started {
  readonly backend: Backend
  stop(): Promise<unknown>
}

/** The reference in a thread of its own. Run from its TypeScript sources, which Node 20 cannot start as a worker, in this one. */
export async function startBackend(): Promise<Started> {
  if (import.meta.url.endsWith('.ts')) return { backend: reference(), stop: async () => {} }
  const { port1, port2 } = new MessageChannel()
  const worker = new Worker(new URL('./worker.js', import.meta.url), { workerData: port2, transferList: [port2] })
  const backend = remote(port1 as unknown as Port)
  // A worker that dies must fail what waits for it, not leave it waiting.
  worker.on('exit', () => void backend.then((b) => b.close()))
  const died = new Promise<never>((_, reject) => worker.on('error', reject))
  return { backend: await Promise.race([backend, died]), stop: () => worker.terminate() }
}
