import { byteLength, InputError, type Backend, type BareModel, type Program } from '@tramontane/core'
import { load } from '@tramontane/core/disk'
import type { Io } from './io.ts'
import { progress } from './progress.ts'
import { startBackend } from './worker-backend.ts'

/** A model bound to a backend. Its tokenizer and chat are null where the folder has none. */
export interface Engine {
  readonly model: BareModel
  readonly program: Program
  readonly backend: Backend
}

/** The backends that `--backend` knows. */
export const backends = ['reference'] as const

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
    checkMemory(model, process.availableMemory())
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

/** Throws InputError when the weights, held as they are on disk, are more than the machine has to give (in bytes). */
export function checkMemory(model: Pick<BareModel, 'name' | 'weights'>, available: number): void {
  const needed = [...model.weights.specs.values()].reduce((sum, spec) => sum + byteLength(spec), 0)
  if (needed <= available) return
  const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`
  throw new InputError(
    `${model.name}: the weights need ${gigabytes(needed)}, but only ${gigabytes(available)} are free`,
  )
}
