import { parentPort } from 'node:worker_threads'
import { measureLimits } from './limits.ts'

// Started by `javascriptLimits`.
parentPort!.postMessage(measureLimits())
