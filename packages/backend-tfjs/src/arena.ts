import type { Runtime } from './runtime.ts'

/** Tensors that are freed together: `using` the arena of a function, whatever it owns is gone when the function ends. */
export class Arena<T> {
  readonly #runtime: Pick<Runtime<T>, 'free'>
  readonly #owned: T[] = []

  constructor(runtime: Pick<Runtime<T>, 'free'>) {
    this.#runtime = runtime
  }

  /** Takes a tensor over, and gives it back for use until `close`. */
  own(x: T): T {
    this.#owned.push(x)
    return x
  }

  close(): void {
    for (const x of this.#owned.splice(0)) this.#runtime.free(x)
  }
}

/** Runs a function with an arena. What the function returns must not be owned by it. */
export function tidy<T, R>(runtime: Pick<Runtime<T>, 'free'>, body: (own: (x: T) => T) => R): R {
  const arena = new Arena<T>(runtime)
  try {
    return body((x) => arena.own(x))
  } finally {
    arena.close()
  }
}
