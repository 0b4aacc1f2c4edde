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

/** What a call may say of itself. */
export interface CallOptions {
  /** How much there is to do, in any unit; default 0. The smallest call is the next one. */
  readonly size?: number
  /** Nobody waits for the answer any more: the call fails with its reason, and is left out where its turn has not come. */
  readonly signal?: AbortSignal
}

interface Job {
  readonly method: string
  readonly argument: unknown
  readonly size: number
  resolve(value: unknown): void
  reject(error: unknown): void
}

/**
 * Calls of a thread, one after another, small ones first. One that takes longer than `limit` ms fails with an InputError and ends the thread;
 * those that wait behind it go to the next one. A thread that ended by itself is replaced too.
 */
export class Replaceable {
  readonly #start: () => Thread
  readonly #limit: number
  readonly #jobs = new Set<Job>()
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

  async call(method: string, argument: unknown, { size = 0, signal }: CallOptions = {}): Promise<unknown> {
    if (this.#stopped !== undefined) throw this.#stopped
    signal?.throwIfAborted()
    let leave!: () => void
    const answer = new Promise((resolve, reject) => {
      const job = { method, argument, size, resolve, reject }
      this.#jobs.add(job)
      leave = () => {
        this.#jobs.delete(job)
        reject(signal!.reason as Error)
      }
    })
    signal?.addEventListener('abort', leave)
    if (!this.#busy) void this.#run()
    return answer.finally(() => signal?.removeEventListener('abort', leave))
  }

  /** Fails what waits, and all that is called from now on. */
  stop(reason = new Error('the text thread was stopped')): void {
    this.#stopped ??= reason
    this.#thread?.stop()
    for (const { reject } of this.#jobs) reject(reason)
    this.#jobs.clear()
  }

  async #run(): Promise<void> {
    this.#busy = true
    for (let job = this.#next(); job !== undefined; job = this.#next()) {
      const { method, argument, resolve, reject } = job
      await this.#attempt(method, argument).then(resolve, reject)
    }
    this.#busy = false
  }

  /** Takes out the smallest, the first among equals. */
  #next(): Job | undefined {
    let next: Job | undefined
    for (const job of this.#jobs) if (next === undefined || job.size < next.size) next = job
    if (next !== undefined) this.#jobs.delete(next)
    return next
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
