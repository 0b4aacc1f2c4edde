import { InputError, serve } from '@tramontane/core'
import { parentPort, workerData } from 'node:worker_threads'
import { makeBackend } from './make-backend.ts'
import type { WorkerNews, WorkerOrder } from './worker-backend.ts'

// Started by `startBackend`: computes here, so that the main thread stays free to answer keys and stop a pass.
const { port, asked, forWasm } = workerData as WorkerOrder
const say = (news: WorkerNews): void => parentPort!.postMessage(news)
try {
  const { backend, about, end } = await makeBackend(asked, forWasm)
  if (end) parentPort!.once('message', () => void end().finally(() => process.exit(0)))
  say({ about, ends: end !== undefined })
  serve(port, backend)
} catch (error) {
  if (!(error instanceof InputError)) throw error
  say({ refused: error.message })
  port.close()
}
