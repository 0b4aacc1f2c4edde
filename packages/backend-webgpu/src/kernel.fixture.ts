import { openDevice } from './device.ts'
import { Recorder, usageOf, type Binding, type Dispatch } from './recorder.ts'
import type { Variants } from './shaders.ts'
import { useSoftwareAdapter } from './software.fixture.ts'

/** Runs single kernels on arrays. */
export class Kernels {
  readonly recorder: Recorder

  static async open(variants?: Variants): Promise<Kernels> {
    useSoftwareAdapter()
    return new Kernels(await Recorder.on(await openDevice(), variants))
  }

  private constructor(recorder: Recorder) {
    this.recorder = recorder
  }

  /** In a new buffer, of at least a vec4 since kernels bind those. */
  upload(data: ArrayBufferView): GPUBuffer {
    const size = Math.max(16, data.byteLength)
    const buffer = this.recorder.create((device) => device.createBuffer({ size, usage: usageOf() }))
    if (data.byteLength > 0) this.recorder.write(buffer, data)
    return buffer
  }

  /** What the kernel leaves in the given arrays; those that it only reads may be buffers. */
  async run(
    { kernel, constants = {} }: Omit<Binding, 'buffers'>,
    data: readonly (ArrayBufferView | GPUBuffer)[],
    params: readonly number[],
    grid: Dispatch['grid'],
  ): Promise<Float32Array[]> {
    const buffers = data.map((given) => (ArrayBuffer.isView(given) ? this.upload(given) : given))
    this.recorder.dispatch({ kernel, constants, buffers, params, grid })
    const found: Float32Array[] = []
    for (const [i, given] of data.entries()) {
      found.push(await this.recorder.read(buffers[i], ArrayBuffer.isView(given) ? given.byteLength : buffers[i].size))
    }
    for (const [i, given] of data.entries()) if (ArrayBuffer.isView(given)) buffers[i].destroy()
    return found
  }
}
