import type { Serving } from '@tramontane/api'
import { engine, type Model, type Program } from '@tramontane/core'
import { load } from '@tramontane/core/disk'
import { checkMemory } from '../engine.ts'
import { freeMemory } from '../free-memory.ts'
import { addressable } from '../held-memory.ts'
import type { About } from '../made.ts'
import { version } from '../version.ts'
import { startChosen, type Started } from '../worker-backend.ts'
import { cachePlan } from './cache-plan.ts'
import { fingerprint } from './fingerprint.ts'
import { startPrompts } from './text-thread.ts'

export interface ModelOptions {
  readonly model: string
  readonly names: readonly string[]
  readonly backend: string
  readonly slots: number
  readonly queue: number
  readonly context: number | undefined
  readonly cacheMemory: number | undefined
  /** Milliseconds that a generation waits for a reader who takes nothing. */
  readonly patience: number
  /** Called with what will compute, before weights are loaded. */
  readonly announce: (about: About) => void
  /** Called with the bytes of weights so far and in all. */
  readonly progress: (loaded: number, total: number) => void
  /** Gives up loading. */
  readonly signal: AbortSignal
  /** Makes what computes; default `startChosen`. */
  readonly startBackend?: typeof startChosen
}

export interface StartedModel {
  readonly serving: Serving
  readonly about: About
  /** Resolves when the backend has ended by itself, with the reason. */
  readonly died: Promise<Error>
  /** Ends everything, at once; `reason` is what those are told who wait for an answer. */
  close(reason?: Error): Promise<void>
}

/** What was started, in order; ended from the last to the first, whatever fails on the way. */
class Ends {
  readonly #ends: ((reason?: Error) => unknown)[] = []

  add(end: (reason?: Error) => unknown): void {
    this.#ends.push(end)
  }

  async run(reason?: Error): Promise<void> {
    for (const end of this.#ends.splice(0).reverse()) {
      try {
        await end(reason)
      } catch {
        // What has died already needs no end.
      }
    }
  }
}

/** Loads a model and starts what answers with it. Throws InputError for a model or options that cannot be. */
export async function startModel(options: ModelOptions): Promise<StartedModel> {
  const ends = new Ends()
  try {
    const model = await load(options.model)
    ends.add(() => model.close())
    const backend = await (options.startBackend ?? startChosen)(options.backend, model)
    ends.add(() => backend.stop())
    const { about } = backend
    options.announce(about)
    checkMemory(model, about.holds ?? about.name)
    const program = await loadWeights(model, backend, options)
    ends.add(() => program.dispose())
    const serving = await serve(model, program, backend, options, ends)
    return { serving, about, ...lifetime(backend, ends) }
  } catch (error) {
    await ends.run()
    options.signal.throwIfAborted()
    throw error
  }
}

function lifetime({ died }: Started, ends: Ends): Pick<StartedModel, 'died' | 'close'> {
  let closing = false
  return {
    died: new Promise((resolve) => void died?.then((reason) => closing || resolve(reason))),
    close(reason) {
      closing = true
      return ends.run(reason)
    },
  }
}

/** A backend in a thread of its own cannot be told to stop loading: the thread is stopped. */
async function loadWeights(model: Model, started: Started, { progress, signal }: ModelOptions): Promise<Program> {
  const stop = () => void started.stop()
  signal.throwIfAborted()
  signal.addEventListener('abort', stop)
  return started.backend
    .load(model.graph, model.weights, { progress, signal })
    .finally(() => signal.removeEventListener('abort', stop))
}

async function serve(
  model: Model,
  program: Program,
  { about }: Started,
  { names, slots, queue, patience, context: asked, cacheMemory: budget, ...options }: ModelOptions,
  ends: Ends,
): Promise<Serving> {
  const { config, tokenizer, chat } = model
  const { position, weights } = program.usage()
  const given = { modelContext: config.context, window: config.window, asked, slots, position, budget }
  const plan = cachePlan({ ...given, free: freeMemory(), addressable: addressable(about.name, weights) })
  const prompts = await startPrompts({ tokenizer, chat }, { directory: options.model, expected: config })
  ends.add((reason) => prompts.stop(reason))
  const engineOptions = { context: plan.context, cacheBudget: plan.cacheBudget, slots, queue, patience }
  const running = engine(program, engineOptions)
  ends.add((reason) => running.close(reason))
  return {
    engine: running,
    model: {
      ids: names,
      created: Math.floor(Date.now() / 1000),
      context: plan.context,
      end: config.end,
      tokenizer,
      prompts,
      fingerprint: await fingerprint(model, about, version),
    },
  }
}
