import { InputError, type BareModel } from '@tramontane/core'
import { checkMemory } from '../engine.ts'
import type { Io } from '../io.ts'
import type { PresentBackend } from '../worker-backend.ts'

/**
 * The backends to measure: those `asked` for, or all but those that are measured only when asked for. Those asked for must
 * be there and have memory for the model; of all, the others are left out, and people are told why.
 *
 * @throws {InputError} one that was asked for is not there, or a model that does not fit
 */
export async function toMeasure(
  { stderr }: Pick<Io, 'stderr'>,
  backends: readonly PresentBackend[],
  asked: readonly string[] | undefined,
  model: BareModel,
): Promise<PresentBackend[]> {
  const found: PresentBackend[] = []
  for (const backend of backends.filter(({ name, onlyWhenAsked }) => asked?.includes(name) ?? !onlyWhenAsked)) {
    try {
      await backend.find?.()
      checkMemory(model, backend.name)
      found.push(backend)
    } catch (error) {
      if (asked !== undefined || !(error instanceof InputError)) throw error
      stderr.write(`left out: ${error.message}\n`)
    }
  }
  return found
}
