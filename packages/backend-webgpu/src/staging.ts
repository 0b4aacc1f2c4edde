/** Powers of two: a buffer serves again for what is about as long. */
const smallest = 4096

/** Buffers kept for reading: a few steps are on their way at a time. */
const most = 4

/** Buffers of the host that the device copies to, used again. */
export class Staging {
  readonly #idle: GPUBuffer[] = []

  /** With at least so many bytes; made where there is none. */
  take(bytes: number, create: (descriptor: GPUBufferDescriptor) => GPUBuffer): GPUBuffer {
    const size = Math.max(smallest, 2 ** Math.ceil(Math.log2(bytes)))
    const found = this.#idle.findIndex((buffer) => buffer.size === size)
    if (found >= 0) return this.#idle.splice(found, 1)[0]
    return create({ label: 'staging', size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST })
  }

  /** `serves`: it is known to be there. */
  release(buffer: GPUBuffer, serves: boolean): void {
    buffer.unmap()
    if (serves && this.#idle.length < most) this.#idle.push(buffer)
    else buffer.destroy()
  }

  clear(): void {
    for (const buffer of this.#idle.splice(0)) buffer.destroy()
  }
}
