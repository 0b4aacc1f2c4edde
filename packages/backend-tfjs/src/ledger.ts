import { elements } from '@tramontane/core'

/**
 * Counts the bytes of a runtime whose memory has an end that must not be met: WebAssembly that runs out aborts, and what
 * was in it is lost. `limit` in bytes.
 */
export class Ledger {
  readonly #limit: number
  readonly #held = new WeakMap<object, number>()
  #bytes = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** Throws Error when so many bytes more would not fit. */
  reserve(bytes: number, what: string): void {
    if (this.#bytes + bytes <= this.#limit) return
    const [more, held, most] = [bytes, this.#bytes, this.#limit].map((n) => `${Math.ceil(n / 2 ** 20)} MiB`)
    throw new Error(
      `tfjs-wasm: out of memory: ${what} needs ${more}, but ${held} of ${most} are in use; close sequences, use a ` +
        'shorter context or a smaller batch, or take tfjs-node, which has no such limit',
    )
  }

  /** Notes what a tensor holds; again for a copy that is made of it. */
  take(dataId: object, bytes: number): void {
    this.#held.set(dataId, (this.#held.get(dataId) ?? 0) + bytes)
    this.#bytes += bytes
  }

  /** What was noted of a tensor so far. */
  of(dataId: object): number {
    return this.#held.get(dataId) ?? 0
  }

  drop(dataId: object): void {
    this.#bytes -= this.of(dataId)
    this.#held.delete(dataId)
  }
}

/** Bytes of a float32 tensor. */
export function floatBytes(shape: readonly number[]): number {
  return 4 * elements(shape)
}
