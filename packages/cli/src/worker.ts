import { serve } from '@tramontane/core'
import { workerData } from 'node:worker_threads'
import { makers, type WorkerOrder } from './worker-backend.ts'

// Started by `startBackend`: computes here, so that the main thread stays free to answer keys and stop a pass.
const { port, name } = workerData as WorkerOrder
serve(port, await makers[name]())
