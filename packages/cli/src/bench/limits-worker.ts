import type { RuntimeName } from '@tramontane/backend-tfjs'
import { parentPort, workerData } from 'node:worker_threads'
import { measureLimits } from './limits.ts'
import { measureTfjs } from './tfjs-limits.ts'

// Started by `limitsInWorker`.
const backend = workerData as 'reference' | RuntimeName
parentPort!.postMessage(backend === 'reference' ? measureLimits() : await measureTfjs(backend))
