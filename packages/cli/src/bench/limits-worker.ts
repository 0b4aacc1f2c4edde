import type { RuntimeName } from '@tramontane/backend-tfjs'
import { parentPort, workerData } from 'node:worker_threads'
import { measureLimits } from './limits.ts'
import { measureTfjs } from './tfjs-limits.ts'
import { measureWebgpu } from './webgpu-limits.ts'

// Started by `limitsInWorker`.
const backend = workerData as 'reference' | 'webgpu' | RuntimeName
const measure = { reference: measureLimits, webgpu: measureWebgpu }
parentPort!.postMessage(
  await (backend === 'reference' || backend === 'webgpu' ? measure[backend]() : measureTfjs(backend)),
)
