import type { Graph, Sequence, Usage } from '@tramontane/core'
import { fit, reserve, type Amount } from './budget.ts'
import { CacheWidth } from './cache-width.ts'
import { FilledPast } from './filled-past.ts'
import { Pace } from './pace.ts'
import { caseName, sequences, type Case } from './plan.ts'
import type { Event } from './report.ts'
import { drawTokens, feedText, type Runner } from './run.ts'
import { duration } from './units.ts'

/** Steps that warm a backend up before it generates. */
const warmSteps = 2

/** What was measured of one case, not yet made into figures. */
export interface Timed {
  readonly asked: Case
  readonly measured: Amount | null
  readonly skipped: string | null
  /** Of each repetition. */
  readonly seconds: readonly number[]
  readonly usage: Usage | null
}

export interface Session extends Runner {
  readonly graph: Graph
  /** Tokens to feed, one for each position of the context. */
  readonly text: Int32Array
  /** The context: most tokens of a sequence. */
  readonly capacity: number
  readonly window: number | null
  readonly repetitions: number
  /** A clock, in milliseconds. */
  readonly now: () => number
  /** When to have ended, by the same clock. */
  readonly deadline: number
  readonly report: (event: Omit<Event, 'backend'>) => void
}

/** Measures the cases of one backend, one after another. */
export class Meter {
  readonly pace: Pace
  readonly width: CacheWidth
  readonly #session: Session
  readonly #past: FilledPast
  #left: readonly Case[] = []

  constructor(session: Session) {
    this.pace = new Pace(session.graph, session.chunk)
    this.width = new CacheWidth(session.window)
    this.#session = session
    this.#past = new FilledPast(session, session.text, session.capacity)
  }

  async measure(cases: readonly Case[]): Promise<Timed[]> {
    const { deadline } = this.#session
    const found: Timed[] = []
    try {
      await this.#warmUp()
      for (const [i, asked] of cases.entries()) {
        this.#left = cases.slice(i)
        const left = this.#secondsUntil(deadline)
        const until = deadline - 1000 * reserve(this.pace.once(this.#left, this.#past.length), left)
        found.push(asked.kind === 'prompt' ? await this.#prompt(asked, until) : await this.#generate(asked, until))
      }
      return found
    } finally {
      this.#past.close()
    }
  }

  /** A pass over a chunk and some steps, twice: the first time is what compiling takes, the second tells the pace. */
  async #warmUp(): Promise<void> {
    const { program, chunk, capacity, text, report } = this.#session
    report({ stage: 'warm-up' })
    const steps = Math.min(warmSteps, capacity - 1)
    const prompt = text.subarray(0, Math.min(chunk, capacity - steps))
    for (let i = 0; i < 2; i++) {
      const sequence = program.open(capacity)
      const seconds = await this.#time(() => feedText(this.#session, sequence, prompt, true))
      this.pace.learn({ kind: 'prompt', tokens: prompt.length, depth: 0 }, seconds)
      this.width.observe(program.usage(), prompt.length)
      await this.#steps([sequence], { kind: 'generate', tokens: steps, depth: prompt.length })
      sequence.close()
    }
  }

  async #prompt(asked: Case, until: number): Promise<Timed> {
    const { chunk, capacity, text, program } = this.#session
    const amount = this.#fit(asked, this.pace.seconds(asked) / asked.tokens, until, Math.min(chunk, asked.tokens))
    if (amount === null) return skip(asked, 'there was no time for one pass')
    const timed = await this.#repeat(asked, amount, until, async () => {
      const sequence = program.open(capacity)
      const prompt = text.subarray(0, amount.tokens)
      const seconds = await this.#time(() => feedText(this.#session, sequence, prompt, true))
      this.width.observe(program.usage(), prompt.length, this.#past.length)
      this.#past.keep(sequence)
      return seconds
    })
    this.pace.learn({ ...asked, tokens: amount.tokens }, Math.min(...timed.seconds))
    return timed
  }

  async #generate(asked: Case, until: number): Promise<Timed> {
    const { depth } = asked
    const missing = this.#past.missing(depth)
    const filling = this.pace.seconds({ kind: 'prompt', tokens: missing, depth: depth - missing })
    const seconds = filling + this.pace.seconds({ ...asked, tokens: 1 })
    if (seconds > this.#secondsUntil(until)) {
      const first = missing > 0 ? `feeding ${missing} tokens and drawing one` : 'drawing one token'
      return skip(asked, `there was no time: ${first} takes about ${duration(seconds)}`)
    }
    const past = await this.#fill(asked)
    const steps = Math.min(warmSteps, asked.tokens)
    try {
      const warm = forks(past, asked)
      const amount = this.#fit(asked, await this.#steps(warm, { ...asked, tokens: steps }), until, 1)
      for (const sequence of warm) sequence.close()
      if (amount === null) return skip(asked, 'there was no time for one step')
      return await this.#repeat(asked, amount, until, async () => {
        const own = forks(past, asked)
        const seconds = await this.#time(() => drawTokens(this.#session, own, this.#next(depth), amount.tokens))
        for (const sequence of own) sequence.close()
        return seconds
      })
    } finally {
      past.close()
    }
  }

  /** Repeats until the amount is done or the time is over; once at least. */
  async #repeat(asked: Case, amount: Amount, until: number, once: () => Promise<number>): Promise<Timed> {
    const { report, program } = this.#session
    const seconds: number[] = []
    while (seconds.length < amount.repetitions && (seconds.length === 0 || this.#secondsUntil(until) > 0)) {
      const detail = `${caseName({ ...asked, tokens: amount.tokens })}, ${seconds.length + 1} of ${amount.repetitions}`
      const repetitionsLeft = amount.repetitions - seconds.length
      report({ stage: 'measuring', detail, secondsLeft: this.#secondsLeft(repetitionsLeft) })
      seconds.push(await once())
    }
    return {
      asked,
      measured: { ...amount, repetitions: seconds.length },
      skipped: null,
      seconds,
      usage: program.usage(),
    }
  }

  /** A sequence that holds what the case wants before it. */
  async #fill(asked: Case): Promise<Sequence> {
    const { report } = this.#session
    const missing = this.#past.missing(asked.depth)
    let past: Sequence | undefined
    const seconds = await this.#time(async () => {
      past = await this.#past.at(asked.depth, (fed) => {
        const detail = `${fed} of ${missing} tokens before ${caseName(asked)}`
        report({ stage: 'filling', detail, secondsLeft: this.#secondsLeft(this.#session.repetitions, fed) })
      })
    })
    if (missing > 0) {
      this.pace.learn({ kind: 'prompt', tokens: missing, depth: asked.depth - missing }, seconds)
      this.width.observe(this.#session.program.usage(), asked.depth)
    }
    return past!
  }

  /** Draws some tokens to warm up, and learns from them. → seconds per token */
  async #steps(own: readonly Sequence[], steps: Case): Promise<number> {
    const next = this.#next(steps.depth)
    const seconds = await this.#time(() => drawTokens(this.#session, own, next, steps.tokens))
    this.pace.learn(steps, seconds)
    return seconds / steps.tokens
  }

  #next(depth: number): Int32Array {
    return this.#session.text.subarray(depth, depth + 1)
  }

  async #time(work: () => Promise<void>): Promise<number> {
    const start = this.#session.now()
    await work()
    return (this.#session.now() - start) / 1000
  }

  #secondsUntil(moment: number): number {
    return (moment - this.#session.now()) / 1000
  }

  #fit({ tokens }: Case, secondsPerToken: number, until: number, step: number): Amount | null {
    return fit({ tokens, repetitions: this.#session.repetitions }, secondsPerToken, this.#secondsUntil(until), step)
  }

  /** An estimate of what the cases left take, the first of them with so many repetitions. */
  #secondsLeft(repetitions: number, fed = 0): number {
    const once = this.pace.once(this.#left, this.#past.length + fed)
    const again = this.#left.map((asked, i) => {
      return this.pace.seconds(asked) * ((i === 0 ? repetitions : this.#session.repetitions) - 1)
    })
    return [...once, ...again].reduce((sum, seconds) => sum + seconds, 0)
  }
}

function skip(asked: Case, skipped: string): Timed {
  return { asked, measured: null, skipped, seconds: [], usage: null }
}

/** A sequence with this past for each one that the case works on. */
function forks(past: Sequence, asked: Case): Sequence[] {
  return Array.from({ length: sequences(asked) }, () => past.fork())
}
