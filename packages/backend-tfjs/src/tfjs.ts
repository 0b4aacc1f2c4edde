import type { Backend } from '@tramontane/core'
import { coreRuntime, type TfjsCore } from './core-runtime.ts'
import { describeTfjs, findTfjs, NoRuntime, type FoundTfjs, type Load, type RuntimeName } from './find-runtime.ts'
import { nodeBackend, type Binding } from './node-binding.ts'
import { nodeRuntime, type NodeRuntimeOptions, type NodeTfjs } from './node-runtime.ts'
import { onRuntime } from './on-runtime.ts'
import type { Runtime } from './runtime.ts'

/** Of tfjs-node and tfjs-node-gpu; the other runtimes ignore them. */
export type TfjsOptions = NodeRuntimeOptions

export interface TfjsBackend extends Backend {
  readonly name: RuntimeName
  /** Of TensorFlow.js. */
  readonly version: string
  /** The version of TensorFlow's own library, where that computes; it is not bound to that of TensorFlow.js. */
  readonly library: string | null
  /** Which runtime it is, and why none of the better ones. */
  readonly why: string
}

/**
 * The graph on TensorFlow.js: on the module that its user loaded himself, on the runtime of a name, or on the best one that
 * is installed (tfjs-node-gpu, tfjs-node, tfjs-wasm, tfjs-cpu). Computes in float32 unless `options` name another profile.
 *
 * @throws {InputError} what was asked for is not installed, does not load, or is a version that this does not know; an option
 * that tfjs-node does not take
 * @throws {UnsupportedError} a module whose active backend is another one
 */
export async function tfjs(wanted?: RuntimeName | object, options: TfjsOptions = {}): Promise<TfjsBackend> {
  const found = await foundOf(wanted)
  const { name, version, why } = found
  return { ...onRuntime(runtimeOf(found, options)), name, version, library: libraryOf(found), why }
}

/**
 * The runtime alone, for measuring what it can do. Whoever uses it frees its tensors himself.
 *
 * @throws {InputError} as `tfjs`
 */
export async function openRuntime(wanted?: RuntimeName, options: TfjsOptions = {}): Promise<Runtime<unknown>> {
  return runtimeOf(await findTfjs(wanted), options)
}

/**
 * The best runtime that loads, and why it is that one; null where none does. `load` takes the place of `import`, for tests.
 *
 * @throws {InputError} one that is there cannot be used: a version that this does not know
 */
export async function presentTfjs(load?: Load): Promise<Pick<TfjsBackend, 'name' | 'why'> | null> {
  try {
    const { name, why } = await findTfjs(undefined, load)
    return { name, why }
  } catch (error) {
    if (error instanceof NoRuntime) return null
    throw error
  }
}

async function foundOf(wanted: RuntimeName | object | undefined): Promise<FoundTfjs> {
  if (typeof wanted !== 'object') return findTfjs(wanted)
  return { ...describeTfjs(wanted), tf: wanted, why: 'the module that was handed in' }
}

function runtimeOf({ tf, backendName }: FoundTfjs, options: TfjsOptions): Runtime<unknown> {
  const runtime =
    backendName === 'tensorflow' ? nodeRuntime(tf as NodeTfjs, options) : coreRuntime(tf as TfjsCore, backendName)
  return runtime as Runtime<unknown>
}

function libraryOf({ tf, backendName }: FoundTfjs): string | null {
  if (backendName !== 'tensorflow') return null
  const { TF_Version } = nodeBackend(tf as NodeTfjs).binding as Binding & { readonly TF_Version?: string }
  return TF_Version ?? null
}
