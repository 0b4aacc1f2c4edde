import { usageOf, type Recorder } from './recorder.ts'

/** Buffers that are free wait for the next value of about their size, up to so many bytes of them. */
const mostIdle = 2 ** 26

/** Storage for values, used again. What was recorded runs in order, so a buffer may be given away before it was read. */
export class Buffers {
  readonly #recorder: Recorder
  readonly #idle = new Map<number, GPUBuffer[]>()
  /** The failures that were known when each buffer was made: those of before one are not trusted. */
  readonly #born = new WeakMap<GPUBuffer, number>()
  #idleBytes = 0
  #seen = 0

  constructor(recorder: Recorder) {
    this.#recorder = recorder
  }

  take(bytes: number): GPUBuffer {
    if (this.#seen !== this.#recorder.failures) this.dispose()
    this.#seen = this.#recorder.failures
    const size = sizeFor(bytes)
    const found = this.#idle.get(size)?.pop()
    if (found) {
      this.#idleBytes -= size
      return found
    }
    const buffer = this.#recorder.create((device) => device.createBuffer({ size, usage: usageOf() }))
    this.#born.set(buffer, this.#recorder.failures)
    return buffer
  }

  release(buffer: GPUBuffer): void {
    if (this.#born.get(buffer) !== this.#recorder.failures || this.#idleBytes + buffer.size > mostIdle) {
      // What was recorded may still want it.
      this.#recorder.submit()
      buffer.destroy()
      return
    }
    this.#idleBytes += buffer.size
    const list = this.#idle.get(buffer.size)
    if (list) list.push(buffer)
    else this.#idle.set(buffer.size, [buffer])
  }

  dispose(): void {
    for (const list of this.#idle.values()) for (const buffer of list) buffer.destroy()
    this.#idle.clear()
    this.#idleBytes = 0
  }
}

/** Powers of two up to a mebibyte, then multiples of one. */
function sizeFor(bytes: number): number {
  const step = 2 ** 20
  if (bytes >= step) return Math.ceil(bytes / step) * step
  return 2 ** Math.max(8, Math.ceil(Math.log2(Math.max(1, bytes))))
}
