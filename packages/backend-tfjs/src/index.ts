export { tfjs, presentTfjs, openRuntime, type TfjsBackend, type TfjsOptions } from './tfjs.ts'
export { onRuntime } from './on-runtime.ts'
export {
  coreRuntime,
  wasmLimit,
  wasmRoom,
  type CoreRuntimeOptions,
  type TensorInfo,
  type TfjsCore,
} from './core-runtime.ts'
export { runtimeNames, type RuntimeName } from './find-runtime.ts'
export type { NodeRuntimeOptions } from './node-runtime.ts'
export type { NodeProfile } from './node-matrix.ts'
export type { Matrix, Runtime } from './runtime.ts'
