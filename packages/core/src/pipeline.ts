import type { Launched, Values } from './executor.ts'

/** Passes under way at once: more would only make what comes after them wait. */
const most = 4

/**
 * The order in which a program's jobs happen. A pass is launched as soon as the one before it was, and settles after that one
 * has; anything else waits until all passes have settled.
 */
export class Pipeline {
  #jobs: Promise<unknown> = Promise.resolve()
  /** Passes that have not settled, in order. None rejects. */
  readonly #underWay: Promise<void>[] = []

  /** Runs a job when everything before it is over, whether it failed or not. */
  alone<R>(job: () => R | Promise<R>): Promise<R> {
    return this.#append(async () => {
      await this.#underWay.at(-1)
      return job()
    })
  }

  /** `settle` makes of what was launched, when its turn has come, what the pass ends with. */
  pass(launch: () => Promise<Launched>, settle: (launched: Launched) => Promise<Values>): Promise<Values> {
    return new Promise((resolve) => {
      void this.#append(async () => {
        if (this.#underWay.length >= most) await this.#underWay[0]
        const launched = await launch().catch(failed)
        const values = after(this.#underWay.at(-1), () => settle(launched))
        const settled = values.then(
          () => this.#end(),
          () => this.#end(),
        )
        this.#underWay.push(settled)
        resolve(values)
        // The next one is to know.
        if ('error' in launched) await settled
      })
    })
  }

  #end(): void {
    void this.#underWay.shift()
  }

  #append<R>(job: () => Promise<R>): Promise<R> {
    const result = this.#jobs.then(job)
    this.#jobs = result.catch(() => {})
    return result
  }
}

async function after<R>(before: Promise<void> | undefined, job: () => Promise<R>): Promise<R> {
  await before
  return job()
}

/** A pass that the device was never given. */
function failed(error: unknown): Launched & { readonly error: unknown } {
  const values = Promise.reject<Values>(error)
  values.catch(() => {})
  return { values, error }
}
