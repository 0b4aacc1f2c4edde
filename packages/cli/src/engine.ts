import { byteLength, InputError, type Backend, type BareModel, type Program } from '@tramontane/core'
import { load } from '@tramontane/core/disk'
import { byteText } from './byte-text.ts'
import { freeMemory } from './free-memory.ts'
import type { Io } from './io.ts'
import { progress } from './progress.ts'
import { present, startBackend } from './worker-backend.ts'

/** A model bound to a backend. Its tokenizer and chat are null where the folder has none. */
export interface Engine {
  readonly model: BareModel
  readonly program: Program
  readonly backend: Backend
}

/** The backends that `--backend` knows. */
export const backends = present.map(({ name }) => name)

/** Opens a model, runs `use` and closes it. */
export async function withModel<T>(directory: string, use: (model: BareModel) => Promise<T>): Promise<T> {
  const model = await load(directory, { tokenizer: false })
  try {
    return await use(model)
  } finally {
    await model.close()
  }
}

/** Opens a model, loads its weights, runs `use` and frees everything. */
export function withEngine<T>(directory: string, io: Io, use: (engine: Engine) => Promise<T>): Promise<T> {
  return withModel(directory, async (model) => {
    checkMemory(model)
    const { backend, stop } = await startBackend()
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

/**
 * Throws InputError when a model and a short conversation need more than `free` bytes of memory: weights as they are on
 * disk, keys and values in F64.
 */
export function checkMemory(
  { name, weights, config }: Pick<BareModel, 'name' | 'weights' | 'config'>,
  free = freeMemory(),
): void {
  const held = [...weights.specs.values()].reduce((sum, spec) => sum + byteLength(spec), 0)
  const perToken = 2 * config.layers * config.kvHeads * config.headDim * Float64Array.BYTES_PER_ELEMENT
  const needed = held + perToken * Math.min(conversation, config.context) + around
  if (needed <= free) return
  const parts = `${byteText(held)} of them weights`
  throw new InputError(`${name}: needs ${byteText(needed)} of memory, ${parts}, but only ${byteText(free)} are free`)
}
