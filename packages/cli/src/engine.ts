import { InputError, type Backend, type BareModel, type Program } from '@tramontane/core'
import { load } from '@tramontane/core/disk'
import { byteText } from './byte-text.ts'
import { freeMemory } from './free-memory.ts'
import { held } from './held-memory.ts'
import type { Io } from './io.ts'
import { progress } from './progress.ts'
import { startChosen } from './worker-backend.ts'

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

/** Opens a model, loads its weights on a backend, runs `use` and frees everything. People are told what computes, and why. */
export function withEngine<T>(
  directory: string,
  io: Io,
  asked: string,
  use: (engine: Engine) => Promise<T>,
): Promise<T> {
  return withModel(directory, async (model) => {
    const { backend, about, stop } = await startChosen(asked, model)
    try {
      checkMemory(model, about.holds ?? about.name)
      if (about.why !== null) io.stderr.write(`backend: ${about.name} (${about.why})\n`)
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

/** Throws InputError when a model and a short conversation need more than `free` bytes of memory on a backend. */
export function checkMemory(model: Measured, backend = 'reference', free = freeMemory()): void {
  const { needed, weights } = needs(model, backend, free)
  if (needed <= free) return
  const parts = `${byteText(weights)} of them weights`
  const found = `but only ${byteText(free)} are free`
  if (backend === 'reference') {
    throw new InputError(`${model.name}: needs ${byteText(needed)} of memory, ${parts}, ${found}`)
  }
  const slower = needs(model, 'reference', free).needed
  const remedy = slower <= free ? `; \`--backend reference\` needs ${byteText(slower)}` : ''
  throw new InputError(`${model.name}: needs ${byteText(needed)} of memory on ${backend}, ${parts}, ${found}${remedy}`)
}

type Measured = Pick<BareModel, 'name' | 'weights' | 'graph' | 'config'>

function needs(model: Measured, backend: string, free: number): { readonly needed: number; readonly weights: number } {
  const { weights, perToken } = held(model, backend, free)
  return { weights, needed: weights + perToken * Math.min(conversation, model.config.context) + around }
}
