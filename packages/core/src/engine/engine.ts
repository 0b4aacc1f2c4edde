import type { Choose, Pass, Program } from '../backend.ts'
import { InputError, QueueFullError } from '../errors.ts'
import { vocabularyOf, widestWindow } from '../program.ts'
import { mostCandidates } from '../sample.ts'
import { admissible, heldAtMost, type Bounds } from './admission.ts'
import type { Engine, EngineOptions, EngineState, Generation, GenerationRequest } from './generation.ts'
import { Lineup } from './lineup.ts'
import { Pace } from './pace.ts'
import { Run, type Found, type Part } from './run.ts'
import { pauses, readFound, type Wanted } from './rows.ts'

/** Passes under way at once: the next is submitted before the last is read. */
const depth = 2

/** Milliseconds after which the host gets its turn. */
const stretch = 10

/** A pass under way. */
interface Step {
  readonly pass: Pass
  readonly parts: readonly Part[]
  readonly wanted: Wanted
  readonly started: number
  readonly abort: () => void
}

/**
 * The decode loop: continuous batching over one program. Before every step it lets waiting requests in and finished ones
 * out; a step is one pass that feeds each live generation its next token, or its next piece of prompt.
 */
export function engine(program: Program, options: EngineOptions): Engine {
  return new BatchingEngine(program, options)
}

class BatchingEngine implements Engine {
  readonly #program: Program
  readonly #options: Required<EngineOptions>
  readonly #bounds: Bounds
  readonly #pace: Pace
  readonly #lineup: Lineup
  readonly #underWay: Step[] = []
  readonly #pause = pauses(stretch)
  /** When each was first seen. */
  readonly #failures = new WeakMap<object, number>()
  readonly #counts = { promptTokens: 0, cachedTokens: 0, generatedTokens: 0, passes: 0 }
  #failure: unknown
  /** A pass has failed: what was submitted after it has to end before more is. */
  #recovering = false
  #lastEnd = 0
  #probe: { readonly done: Promise<void>; readonly started: number } | undefined
  #loop: Promise<void> | undefined
  #closed: Error | undefined

  constructor(program: Program, { context, slots = 8, queue = 32, kept = 2 * slots, ...rest }: EngineOptions) {
    const held = heldAtMost(widestWindow(program.graph))
    this.#program = program
    const { position } = program.usage()
    const cacheBudget = rest.cacheBudget ?? slots * Math.min(context, held) * position
    const { lead = 64, stall = 250, patience = Infinity } = rest
    this.#options = { context, slots, queue, kept, cacheBudget, lead, stall, patience }
    this.#bounds = { context, held, cacheBudget, position, vocabulary: vocabularyOf(program.graph) }
    this.#pace = new Pace(stall)
    this.#lineup = new Lineup(program, this.#options)
  }

  submit(requests: readonly GenerationRequest[]): Generation[] {
    if (this.#closed !== undefined) throw this.#closed
    const runs = requests.map((request) => {
      const { maxTokens, reserved } = admissible(request, this.#bounds)
      return new Run(request, maxTokens, reserved, this.#listener)
    })
    const { slots, queue } = this.#options
    if (runs.length > slots + queue) {
      throw new InputError(`${runs.length} requests at once, but slots and queue have room for ${slots + queue}`)
    }
    const { room } = this.#lineup
    if (runs.length > room) throw new QueueFullError(`the queue has room for ${room} of ${runs.length} requests`)
    for (const run of runs) this.#take(run)
    for (const signal of new Set(requests.flatMap(({ signal }) => signal ?? []))) {
      this.#heed(
        signal,
        runs.filter(({ request }) => request.signal === signal),
      )
    }
    this.#kick()
    return runs
  }

  readonly #listener = {
    read: () => this.#kick(),
    cancel: (run: Run) => this.#end(run, undefined),
  }

  #take(run: Run): void {
    if (run.maxTokens === 0 && run.request.promptLogprobs !== true) run.answerNothing()
    else this.#lineup.waiting.add(run)
  }

  /** One listener for all: platforms warn of more than ten on one signal. */
  #heed(signal: AbortSignal, runs: readonly Run[]): void {
    const stop = () => runs.forEach((run) => this.#end(run, { error: signal.reason as unknown }))
    if (signal.aborted) return stop()
    signal.addEventListener('abort', stop)
    void Promise.all(runs.map(({ released }) => released)).then(() => signal.removeEventListener('abort', stop))
  }

  /** Runs the loop unless it runs; it ends by itself when there is nothing to do. */
  #kick(): void {
    this.#loop ??= this.#run().catch((error: unknown) => {
      // A defect of ours: nobody may wait for ever because of it.
      this.#loop = undefined
      this.#failure = error
      this.#endAll(error)
    })
  }

  async #run(): Promise<void> {
    await undefined // What else is done in the same turn belongs to the same step.
    for (;;) {
      for (const { cached } of this.#lineup.admit()) this.#counts.cachedTokens += cached
      this.#recovering &&= this.#underWay.length > 0
      const step = this.#underWay.length < depth && !this.#recovering ? this.#submitStep() : undefined
      if (step !== undefined) this.#underWay.push(step)
      const [oldest] = this.#underWay
      if (oldest === undefined) break
      if (step?.wanted === 'tokens' && this.#underWay.length < depth) continue
      await this.#settle(oldest)
      this.#underWay.shift()
    }
    this.#loop = undefined
  }

  #submitStep(): Step | undefined {
    const parts = this.#parts()
    if (parts.length === 0) return undefined
    const choose = chooseFor(parts)
    const wanted = choose === undefined ? 'rows' : choose === 'greedy' ? 'tokens' : 'candidates'
    const stop = new AbortController()
    try {
      const output = choose === undefined ? {} : { choose, outputs: [] }
      const pass = this.#program.submit(
        parts.map(({ feed }) => feed),
        { ...output, signal: stop.signal },
      )
      parts.forEach((part, i) => part.run.submitted(part, pass.drawn[i]))
      return { pass, parts, wanted, started: performance.now(), abort: () => stop.abort() }
    } catch (error) {
      for (const { run } of parts) this.#end(run, { error })
      return undefined
    }
  }

  /** A token of every text, and as much of the prompts as the pace allows, in equal shares; what short ones leave goes on. */
  #parts(): Part[] {
    const ready = [...this.#lineup.live].filter((run) => this.#isReady(run))
    const texts = ready.filter((run) => !run.prefilling)
    const left = ({ request, fed }: Run) => request.prompt.length - fed
    const prompts = ready.filter((run) => run.prefilling).sort((a, b) => left(a) - left(b))
    let budget = this.#pace.tokens(texts.length > 0)
    const pieces = prompts.flatMap((run, i) => {
      const part = run.next(Math.max(1, Math.floor(budget / (prompts.length - i)))) ?? []
      if ('count' in part) budget -= part.count
      return part
    })
    return [...texts.flatMap((run) => run.next(1) ?? []), ...pieces]
  }

  #isReady(run: Run): boolean {
    const { lead, patience } = this.#options
    if (run.unread < lead) return true
    run.pause(patience, (error) => this.#end(run, { error }))
    return false
  }

  async #settle(step: Step): Promise<void> {
    const begun = Math.max(step.started, this.#lastEnd)
    try {
      await step.pass.done
    } catch (error) {
      return this.#failed(step, error)
    } finally {
      this.#lastEnd = performance.now()
    }
    const prompts = step.parts.filter(({ run, from }) => from < run.request.prompt.length)
    const promptTokens = prompts.reduce((sum, { count }) => sum + count, 0)
    this.#pace.observe(promptTokens, this.#lastEnd - begun)
    this.#failure = undefined
    this.#counts.passes++
    this.#counts.promptTokens += promptTokens
    const take = (part: Part, found: Found) => this.#settlePart(part, found)
    await readFound(step.pass, step.parts, step.wanted, this.#pause, take)
  }

  #settlePart(part: Part, found: Found): void {
    const { run } = part
    if (run.ended) return
    try {
      const reason = run.settle(part, found)
      if (part.draws) this.#counts.generatedTokens++
      if (reason !== undefined) this.#end(run, { reason })
    } catch (error) {
      this.#end(run, { error })
    }
  }

  /** All that took part fail, but for those who were only in the company of one that had failed before. */
  #failed({ parts, started }: Step, error: unknown): void {
    const left = parts.filter(({ run }) => !run.ended)
    if (left.length === 0) return
    this.#recovering = true
    const key = typeof error === 'object' && error !== null ? error : undefined
    const seen = key && this.#failures.get(key)
    // A step submitted since has failed by itself: a worker that has ended fails every pass with the same error.
    if (seen !== undefined && started <= seen) return left.forEach((part) => part.run.takeBack(part))
    if (key) this.#failures.set(key, performance.now())
    this.#failure = error
    for (const { run } of left) this.#end(run, { error })
  }

  /** Frees the slot now; a pass under way that nobody else is in is stopped. Without an outcome: the reader has left. */
  #end(run: Run, outcome: { readonly reason: 'stop' | 'length' } | { readonly error: unknown } | undefined): void {
    if (run.ended) return
    run.finish(outcome)
    for (const { parts, abort } of this.#underWay) if (parts.every(({ run }) => run.ended)) abort()
    this.#lineup.remove(run)
    this.#kick()
  }

  #endAll(error: unknown): void {
    for (const run of [...this.#lineup.waiting, ...this.#lineup.live]) this.#end(run, { error })
  }

  state(): EngineState {
    const started = [
      ...this.#underWay.map((step) => Math.max(step.started, this.#lastEnd)),
      this.#probe?.started ?? [],
    ].flat()
    return {
      live: this.#lineup.live.size,
      waiting: this.#lineup.waiting.size,
      kept: this.#lineup.kept,
      cacheBytes: this.#lineup.cacheBytes,
      cacheBudget: this.#options.cacheBudget,
      ...this.#counts,
      passAge: started.length === 0 ? 0 : performance.now() - Math.min(...started),
      failure: this.#failure,
    }
  }

  probe(): Promise<void> {
    if (this.#probe === undefined) {
      const done = this.#oneToken().finally(() => (this.#probe = undefined))
      this.#probe = { done, started: performance.now() }
    }
    return this.#probe.done
  }

  async #oneToken(): Promise<void> {
    const sequence = this.#program.open(1)
    try {
      await this.#program.submit([{ sequence, tokens: Int32Array.of(0), logits: 'none' }], { outputs: [] }).done
      this.#failure = undefined
    } catch (error) {
      this.#failure = error
      throw error
    } finally {
      sequence.close()
    }
  }

  async close(reason: Error = new InputError('the engine is closed')): Promise<void> {
    this.#closed ??= reason
    this.#endAll(reason)
    await this.#loop
    await this.#probe?.done.catch(() => {})
    this.#lineup.clear()
  }
}

/** The least that a pass can be asked for which is enough for all of its parts; undefined where one needs whole rows. */
function chooseFor(parts: readonly Part[]): Choose | undefined {
  if (parts.some(({ run }) => run.request.promptLogprobs)) return undefined
  const needed = parts.flatMap(({ run, draws }) => (draws ? run.candidates : []))
  const topK = Math.max(0, ...needed)
  if (topK === 0) return 'greedy'
  return topK <= mostCandidates ? { topK } : undefined
}
