import '@tensorflow/tfjs-backend-cpu'
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm'
import * as tf from '@tensorflow/tfjs-core'
import { createRequire } from 'node:module'
import { dirname } from 'node:path'
import { coreRuntime, type TensorInfo } from './core-runtime.ts'
import type { Runtime } from './runtime.ts'

/** The two runtimes that need no native library. */
export async function realRuntimes(): Promise<Record<'wasm' | 'cpu', Runtime<TensorInfo>>> {
  setWasmPaths(`${dirname(createRequire(import.meta.url).resolve('@tensorflow/tfjs-backend-wasm'))}/`)
  for (const name of ['wasm', 'cpu']) await tf.setBackend(name)
  return { wasm: coreRuntime(tf, 'wasm'), cpu: coreRuntime(tf, 'cpu') }
}
