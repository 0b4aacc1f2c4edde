import { InputError, serve } from '@tramontane/core'
import { parentPort, workerData } from 'node:worker_threads'
import { makeBackend } from './make-backend.ts'
import type { WorkerNews, WorkerOrder } from './worker-backend.ts'

// Started by `startBackend`: computes here, so that the main thread stays free to answer keys and stop a pass.
const { port, asked, forWasm } = workerData as WorkerOrder
const say = (news: WorkerNews): void => parentPort!.postMessage(news)
try {
  const { backend, about } = await makeBackend(asked, forWasm)
  say({ about })
  serve(port, backend)
} catch (error) {
  if (!(error instanceof InputError)) throw error
  say({ refused: error.message })
  port.close()
}
