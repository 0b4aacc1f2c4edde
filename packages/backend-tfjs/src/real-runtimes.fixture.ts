import { coreRuntime, type CoreRuntimeOptions, type TensorInfo, type TfjsCore } from './core-runtime.ts'
import { findTfjs } from './find-runtime.ts'
import type { Runtime } from './runtime.ts'

/** The two runtimes that need no native library. */
export async function realRuntimes(
  options: CoreRuntimeOptions = {},
): Promise<Record<'wasm' | 'cpu', Runtime<TensorInfo>>> {
  const open = async (name: 'wasm' | 'cpu'): Promise<Runtime<TensorInfo>> =>
    coreRuntime((await findTfjs(`tfjs-${name}`)).tf as TfjsCore, name, options)
  return { wasm: await open('wasm'), cpu: await open('cpu') }
}
