import { elements } from '@tramontane/core'
import type { Runtime } from './runtime.ts'

/** What is kept at most, but for the two tensors that were asked for last. */
export const most = { tensors: 16, numbers: 2 ** 22 }

/**
 * Tensors that many nodes of a pass use, or many passes: masks, angles, constants. They stay until others need their room;
 * the two that were asked for last never go.
 */
export class Kept<T> {
  readonly #runtime: Runtime<T>
  readonly #tensors = new Map<unknown, T>()
  #numbers = 0

  constructor(runtime: Runtime<T>) {
    this.#runtime = runtime
  }

  /** What `make` gave for this key (text, a number, or an object that is never changed), on the device. */
  of(key: unknown, shape: readonly number[], make: () => Float32Array): T {
    let found = this.#tensors.get(key)
    if (found === undefined) {
      found = this.#runtime.upload(make(), shape)
      this.#numbers += elements(shape)
    }
    // Moved to the end: the first is the one that went unused for longest.
    this.#tensors.delete(key)
    this.#tensors.set(key, found)
    while (this.#isTooMuch() && this.#tensors.size > 2) this.#drop()
    return found
  }

  #isTooMuch(): boolean {
    return this.#tensors.size > most.tensors || this.#numbers > most.numbers
  }

  #drop(): void {
    const [key, oldest] = this.#tensors.entries().next().value!
    this.#tensors.delete(key)
    this.#numbers -= elements(this.#runtime.shape(oldest))
    this.#runtime.free(oldest)
  }

  dispose(): void {
    while (this.#tensors.size > 0) this.#drop()
  }
}
