import type { Usage } from '@tramontane/core'

/**
 * Bytes that one position takes in a backend's cache, all layers, taken from what its program says it holds. What pages
 * round up is in it, so the observation over the most positions stands.
 */
export class CacheWidth {
  readonly #window: number
  #positions = 0
  #bytes = 0

  /** Positions beyond a window are let go, so that longer sequences tell nothing. */
  constructor(window: number | null) {
    this.#window = window ?? Infinity
  }

  get bytesPerToken(): number {
    return this.#bytes
  }

  /** `usage` was read while the open sequences held pasts of these lengths that share nothing. */
  observe({ cache }: Usage, ...lengths: readonly number[]): void {
    const positions = lengths.reduce((sum, length) => sum + length, 0)
    if (this.#positions > 0 && (positions <= this.#positions || Math.max(...lengths) > this.#window)) return
    this.#positions = positions
    this.#bytes = cache / positions
  }
}
