import {
  byteLength,
  elements,
  InputError,
  type Backend,
  type BareModel,
  type Program,
  type Spec,
} from '@tramontane/core'
import { load } from '@tramontane/core/disk'
import { byteText } from './byte-text.ts'
import { freeMemory } from './free-memory.ts'
import type { Io } from './io.ts'
import { progress } from './progress.ts'
import { chosen, startBackend } from './worker-backend.ts'

/** A model bound to a backend. Its tokenizer and chat are null where the folder has none. */
export interface Engine {
  readonly model: BareModel
  readonly program: Program
  readonly backend: Backend
}

/** Opens a model, runs `use` and closes it. */
export async function withModel<T>(directory: string, use: (model: BareModel) => Promise<T>): Promise<T> {
  const model = await load(directory, { tokenizer: false })
  try {
    return await use(model)
  } finally {
    await model.close()
  }
}

/** Opens a model, loads its weights on a backend, runs `use` and frees everything. Of `auto` people are told what it became. */
export function withEngine<T>(
  directory: string,
  io: Io,
  asked: string,
  use: (engine: Engine) => Promise<T>,
): Promise<T> {
  return withModel(directory, async (model) => {
    const { name, why } = await chosen(asked)
    checkMemory(model, name)
    if (why !== null) io.stderr.write(`backend: ${name} (${why})\n`)
    const { backend, stop } = await startBackend(name)
    try {
      const bar = progress(io, 'loading')
      const program = await backend
        .load(model.graph, model.weights, { progress: bar.update, ...(io.signal && { signal: io.signal }) })
        .finally(bar.stop)
      return await use({ model, program, backend }).finally(() => program.dispose())
    } finally {
      await stop()
    }
  })
}

/** Tokens of a conversation that memory is asked for, unless the model's context is shorter. */
const conversation = 1024
/** Node, the tokenizer and the activations of one pass, in bytes, roughly. */
export const around = 200e6

/** Most that WebAssembly holds of weights; what is beyond stays as it is on disk. */
const wasmWeights = 3 * 2 ** 30

/** Bytes of a weight in memory. */
function sizes(backend: string, spec: Spec): number {
  const onDisk = byteLength(spec)
  if (backend === 'reference') return onDisk
  // tfjs-node holds 16 bits where 32 are too many; wasm float32 and a packed copy.
  return elements(spec.shape) * (backend === 'tfjs-wasm' ? 8 : backend === 'tfjs-cpu' ? 4 : 2)
}

/**
 * Throws InputError when a model and a short conversation need more than `free` bytes of memory: weights and numbers of the
 * cache as the backend holds them (F64 in the reference).
 */
export function checkMemory(
  { name, weights, config }: Pick<BareModel, 'name' | 'weights' | 'config'>,
  backend = 'reference',
  free = freeMemory(),
): void {
  const specs = [...weights.specs.values()]
  const onDisk = specs.reduce((sum, spec) => sum + byteLength(spec), 0)
  const all = specs.reduce((sum, spec) => sum + sizes(backend, spec), 0)
  const held = backend === 'tfjs-wasm' ? Math.min(all, wasmWeights + onDisk) : all
  const perToken = 2 * config.layers * config.kvHeads * config.headDim * Float64Array.BYTES_PER_ELEMENT
  const needed = held + perToken * Math.min(conversation, config.context) + around
  if (needed <= free) return
  const parts = `${byteText(held)} of them weights`
  throw new InputError(`${name}: needs ${byteText(needed)} of memory, ${parts}, but only ${byteText(free)} are free`)
}
