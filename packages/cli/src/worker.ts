import { reference, serve, type Port } from '@tramontane/core'
import { workerData } from 'node:worker_threads'

// Started by `startBackend`: computes here, so that the main thread stays free to answer keys and stop a pass.
serve(workerData as Port, reference())
