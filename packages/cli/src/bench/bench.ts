import type { BareModel, Program } from '@tramontane/core'
import type { PresentBackend } from '../worker-backend.ts'
import { cacheElements } from './cost.ts'
import { compared, figures } from './figures.ts'
import { gateTokens, judge, topTokens, type Top, type Verdict } from './gate.ts'
import type { Limits } from './limits.ts'
import { watchMemory } from './memory.ts'
import { Meter } from './meter.ts'
import { casesOf, type Case, type Plan } from './plan.ts'
import type { BackendReport, Event, Report } from './report.ts'
import { benchText } from './text.ts'

export interface BenchOptions {
  readonly report?: (event: Event) => void
  readonly signal?: AbortSignal
  /** A clock, in milliseconds; default: that of `performance`. */
  readonly now?: () => number
}

/** What all backends of a run share. */
interface Job {
  readonly model: BareModel
  readonly plan: Plan
  readonly cases: readonly Case[]
  readonly text: Int32Array
  readonly definition: PresentBackend
  /** The reference's likeliest tokens; null where nothing is compared with them. */
  readonly expected: readonly Top[] | null
  readonly now: () => number
  readonly report: (event: Event) => void
  readonly signal: AbortSignal | undefined
}

/**
 * Measures backends one after another on one model. `definition` computes what the others are held against. What a
 * backend does wrong is in its report; only the signal's reason is thrown, and what the definition itself throws.
 */
export async function bench(
  backends: readonly PresentBackend[],
  definition: PresentBackend,
  model: BareModel,
  plan: Plan,
  { report = () => {}, signal, now = () => performance.now() }: BenchOptions = {},
): Promise<Report> {
  const start = now()
  const { cases, notes } = casesOf(plan, model.config.context)
  const text = benchText(model, model.config.context)
  const job = { model, plan, cases, text, definition, now, report, signal }
  const compared = backends.some((backend) => backend !== definition)
  const expected = compared ? await expectedTokens(job, definition) : null
  const reports: BackendReport[] = []
  for (const [i, backend] of backends.entries()) {
    const left = plan.seconds === null ? Infinity : plan.seconds - (now() - start) / 1000
    const deadline = now() + (left * 1000) / (backends.length - i)
    reports.push(await benchBackend(backend, { ...job, expected }, deadline))
  }
  return { plan, notes, backends: reports }
}

function expectedTokens(job: Omit<Job, 'expected'>, definition: PresentBackend): Promise<readonly Top[]> {
  const say = (event: Omit<Event, 'backend'>) => job.report({ backend: definition.name, ...event })
  return withProgram(definition, job, say, (program) => {
    say({ stage: 'gate' })
    return topTokens(program, gateText(job.text), false)
  })
}

function gateText(text: Int32Array): Int32Array {
  return text.subarray(0, gateTokens)
}

async function benchBackend(backend: PresentBackend, job: Job, deadline: number): Promise<BackendReport> {
  const { name, threads, chunk } = backend
  const own = { name, threads, chunk, definition: backend === job.definition }
  const say = (event: Omit<Event, 'backend'>) => job.report({ backend: name, ...event })
  const limits = () => (say({ stage: 'limits' }), backend.limits())
  try {
    const before = await limits()
    const peak = watchMemory()
    const { about, gate, meter, timed } = await withProgram(backend, job, say, async (program, about) => ({
      about,
      ...(await measure(program, backend, job, deadline, say)),
    }))
    const memory = peak()
    const best = better(before, await limits())
    const elements = cacheElements(job.model.graph)
    const results = compared(timed.map((one) => figures(one, job.plan.repetitions, meter, elements, best)))
    const valid = gate === null || gate.passed
    return {
      ...own,
      about,
      valid,
      gate,
      limits: best,
      memory,
      cacheBytesPerToken: meter.width.bytesPerToken,
      results,
      error: null,
    }
  } catch (error) {
    job.signal?.throwIfAborted()
    return { ...own, ...failed, error: error instanceof Error ? error.message : String(error) }
  }
}

const failed = {
  about: null,
  valid: false,
  gate: null,
  limits: null,
  memory: null,
  cacheBytesPerToken: null,
  results: [],
} as const

async function measure(
  program: Program,
  backend: PresentBackend,
  { model, plan, cases, text, expected, definition, now, signal }: Job,
  deadline: number,
  say: (event: Omit<Event, 'backend'>) => void,
) {
  let gate: Verdict | null = null
  if (backend !== definition) {
    say({ stage: 'gate' })
    gate = judge(await topTokens(program, gateText(text), true), expected!)
  }
  const { context, window } = model.config
  const { chunk } = backend
  const settings = { program, chunk, signal, graph: model.graph, text, capacity: context, window, now, deadline }
  const meter = new Meter({ ...settings, repetitions: plan.repetitions, report: say })
  return { gate, meter, timed: await meter.measure(cases) }
}

async function withProgram<T>(
  backend: PresentBackend,
  { model, signal }: Pick<Job, 'model' | 'signal'>,
  say: (event: Omit<Event, 'backend'>) => void,
  use: (program: Program, about: BackendReport['about']) => Promise<T>,
): Promise<T> {
  say({ stage: 'loading' })
  const started = await backend.start()
  try {
    const program = await started.backend.load(model.graph, model.weights, { ...(signal && { signal }) })
    const { version, why } = started.about ?? {}
    const about = version && why ? { version, why } : null
    return await use(program, about).finally(() => program.dispose())
  } finally {
    await started.stop()
  }
}

/** What was reached at either time could be reached. */
function better(a: Limits, b: Limits): Limits {
  return {
    ...a,
    bytesPerSecond: Math.max(a.bytesPerSecond, b.bytesPerSecond),
    operationsPerSecond: Math.max(a.operationsPerSecond, b.operationsPerSecond),
  }
}
