import { Replaceable, type CallOptions, type Thread } from './replaceable.ts'

/** Calls up to this size are short: a text of so many UTF-16 units takes a few tenths of a second at worst. */
const short = 2 ** 15

/** Two threads of a kind, so that no short call waits for a long one. The one for long calls is started by the first. */
export class Lanes {
  readonly #short: Replaceable
  readonly #long: Replaceable

  /** `limit` in milliseconds, of every call. */
  constructor(start: () => Thread, limit: number) {
    this.#short = new Replaceable(start, limit)
    this.#long = new Replaceable(start, limit)
  }

  get ready(): Promise<unknown> {
    return this.#short.ready
  }

  call(method: string, argument: unknown, options: CallOptions & { readonly size: number }): Promise<unknown> {
    return (options.size <= short ? this.#short : this.#long).call(method, argument, options)
  }

  stop(reason?: Error): void {
    this.#short.stop(reason)
    this.#long.stop(reason)
  }
}
