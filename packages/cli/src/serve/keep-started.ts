import { setTimeout as sleep } from 'node:timers/promises'
import type { StartedModel } from './start-model.ts'

/** What is kept started, and who is told. */
export interface Keeping {
  readonly start: () => Promise<StartedModel>
  /** It can answer, for the first time or `again`. */
  readonly started: (model: StartedModel, again: boolean) => unknown
  /**
   * It has ended by itself, or could not be started again, and is tried again in `delay` milliseconds; undefined: it was
   * given up. → what those are told who still wait for it
   */
  readonly failed: (reason: Error, delay: number | undefined) => Error
  /** Ends it: nothing is started any more. */
  readonly signal: AbortSignal
  readonly delays?: Delays
}

/** In milliseconds. */
export interface Delays {
  /** Before each attempt since all was well. */
  readonly before: readonly number[]
  /** All is well with what has lived for so long. */
  readonly well: number
}

/** A driver comes back within seconds of a reset; what does not within minutes needs somebody to look at it. */
const usual: Delays = { before: [0, 1000, 5000, 15_000, 30_000, 60_000], well: 60_000 }

/**
 * Starts a model, and again when its backend has ended by itself, until the signal. What has ended is closed first: there may
 * be no room for two.
 * → what is there then, not yet closed
 *
 * @throws {Error} the first start failed: whoever asked for it is there to hear it
 */
export async function keepStarted(keeping: Keeping): Promise<StartedModel | undefined> {
  const { signal, delays = usual, failed, started } = keeping
  const left = [...delays.before]
  let model = await keeping.start()
  try {
    await started(model, false)
  } catch (error) {
    await model.close()
    throw error
  }
  for (;;) {
    const since = performance.now()
    const reason = await Promise.race([model.died, aborted(signal)])
    if (reason === undefined) return model
    if (performance.now() - since >= delays.well) left.splice(0, Infinity, ...delays.before)
    await model.close(failed(reason, left[0]))
    const next = await startAgain(keeping, left)
    if (next === undefined) return undefined
    model = next
    await started(model, true)
  }
}

/** Takes its delays from those that are left. → undefined at the signal, for which it waits when none is left */
async function startAgain({ start, failed, signal }: Keeping, left: number[]): Promise<StartedModel | undefined> {
  for (;;) {
    const delay = left.shift()
    if (delay === undefined) await aborted(signal)
    else await sleep(delay, undefined, { signal }).catch(() => {})
    if (signal.aborted) return undefined
    try {
      return await start()
    } catch (error) {
      if (signal.aborted) return undefined
      failed(error instanceof Error ? error : new Error(String(error)), left[0])
    }
  }
}

function aborted(signal: AbortSignal): Promise<undefined> {
  if (signal.aborted) return Promise.resolve(undefined)
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(undefined), { once: true }))
}
