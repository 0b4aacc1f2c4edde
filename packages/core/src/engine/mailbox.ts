/** Values from a writer that does not wait to one reader who does. */
export class Mailbox<T> implements AsyncIterableIterator<T, undefined> {
  readonly #values: T[] = []
  readonly #onRead: (value: T) => void
  readonly #onLeave: () => void
  #waiting: { resolve(result: IteratorResult<T, undefined>): void; reject(error: unknown): void } | undefined
  #end: { readonly error?: unknown } | undefined

  /** `onRead` is told each value that was taken; `onLeave` that the reader will take no more. */
  constructor(onRead: (value: T) => void, onLeave: () => void) {
    this.#onRead = onRead
    this.#onLeave = onLeave
  }

  /** Values that were written and not read yet. */
  get unread(): number {
    return this.#values.length
  }

  write(value: T): void {
    if (this.#end !== undefined) return
    this.#values.push(value)
    this.#serve()
  }

  /** After what was written, the reader finds the end. */
  close(): void {
    this.#end ??= {}
    this.#serve()
  }

  /** After what was written, the reader finds the error. */
  fail(error: unknown): void {
    this.#end ??= { error }
    this.#serve()
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.#waiting !== undefined) return Promise.reject(new Error('a generation has one reader'))
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject }
      this.#serve()
    })
  }

  return(): Promise<IteratorResult<T, undefined>> {
    this.#values.length = 0
    this.close()
    this.#onLeave()
    return Promise.resolve({ done: true, value: undefined })
  }

  #serve(): void {
    const reader = this.#waiting
    if (reader === undefined) return
    if (this.#values.length > 0) {
      this.#waiting = undefined
      const value = this.#values.shift()!
      reader.resolve({ done: false, value })
      this.#onRead(value)
    } else if (this.#end !== undefined) {
      this.#waiting = undefined
      const { error } = this.#end
      this.#end = {} // An error is thrown once.
      if (error === undefined) reader.resolve({ done: true, value: undefined })
      else reader.reject(error)
    }
  }
}
