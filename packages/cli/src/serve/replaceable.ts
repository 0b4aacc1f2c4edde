import { InputError } from '@tramontane/core'

/** Somebody who answers calls one after another, and who can be got rid of in the middle of one. */
export interface Thread {
  /** Resolves when it can take calls; rejects where it never will. */
  readonly ready: Promise<unknown>
  /** True from when it can answer nothing any more. */
  readonly ended: boolean
  /** Rejects when the thread ends before it has answered. */
  call(method: string, argument: unknown): Promise<unknown>
  stop(): void
}

interface Job {
  readonly method: string
  readonly argument: unknown
  resolve(value: unknown): void
  reject(error: unknown): void
}

/**
 * Calls of a thread, one after another. One that takes longer than `limit` ms fails with an InputError and ends the thread;
 * those that wait behind it go to the next one. A thread that ended by itself is replaced too.
 */
export class Replaceable {
  readonly #start: () => Thread
  readonly #limit: number
  readonly #jobs: Job[] = []
  #thread: Thread | undefined
  #busy = false
  #stopped: Error | undefined

  constructor(start: () => Thread, limit: number) {
    this.#start = start
    this.#limit = limit
  }

  /** Starts the first thread before it is needed. */
  get ready(): Promise<unknown> {
    return this.#current().ready
  }

  call(method: string, argument: unknown): Promise<unknown> {
    if (this.#stopped !== undefined) return Promise.reject(this.#stopped)
    const answer = new Promise((resolve, reject) => this.#jobs.push({ method, argument, resolve, reject }))
    if (!this.#busy) void this.#run()
    return answer
  }

  /** Fails what waits, and all that is called from now on. */
  stop(reason = new Error('the text thread was stopped')): void {
    this.#stopped ??= reason
    this.#thread?.stop()
    for (const { reject } of this.#jobs.splice(0)) reject(reason)
  }

  async #run(): Promise<void> {
    this.#busy = true
    for (let job = this.#jobs.shift(); job !== undefined; job = this.#jobs.shift()) {
      const { method, argument, resolve, reject } = job
      await this.#attempt(method, argument).then(resolve, reject)
    }
    this.#busy = false
  }

  #current(): Thread {
    if (this.#thread === undefined || this.#thread.ended) this.#thread = this.#start()
    return this.#thread
  }

  async #attempt(method: string, argument: unknown): Promise<unknown> {
    const thread = this.#current()
    // Starting takes as long as it takes: that is no fault of this call's.
    await thread.ready
    const late = new InputError(`encoding the text took longer than ${this.#limit} ms, and was given up`)
    let timer: NodeJS.Timeout | undefined
    const clock = new Promise<never>((_, reject) => (timer = setTimeout(() => reject(late), this.#limit)))
    try {
      return await Promise.race([thread.call(method, argument), clock])
    } catch (error) {
      if (error === late) thread.stop()
      throw error
    } finally {
      clearTimeout(timer)
    }
  }
}
