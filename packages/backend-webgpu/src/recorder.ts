import { compilationError, compile, slot, type Constants } from './compilation.ts'
import { loadShaders, type KernelName, type Shader, type Variants } from './shaders.ts'
import { Staging } from './staging.ts'

/** Dispatches of one submission at most. */
const slots = 256
const most = 65535

const scopes = ['internal', 'out-of-memory', 'validation'] as const

/** Says what an error comes from. */
type Explain = (error: GPUError) => Error | Promise<Error>

/** A kernel with what it reads and writes. */
export interface Binding {
  readonly kernel: KernelName
  readonly constants?: Constants
  /** What is bound after the parameters, in order. */
  readonly buffers: readonly (GPUBuffer | GPUBufferBinding)[]
}

/** The same, made once for any number of dispatches. */
export interface Prepared {
  readonly pipeline: GPUComputePipeline
  readonly group: GPUBindGroup
}

export interface Dispatch extends Binding {
  /** Whole numbers, and floats as `float`. */
  readonly params: readonly number[]
  /** Workgroups. */
  readonly grid: readonly [x: number, y?: number, z?: number]
}

/** Bytes of a buffer. */
export interface Piece {
  readonly from: GPUBuffer
  readonly offset?: number
  readonly bytes: number
}

/** What was copied for the host: to be read once, or else freed. */
export interface Staged {
  read(): Promise<ArrayBuffer>
  free(): void
}

/**
 * Writes down what is to be done and hands it to the device together. Everything runs in the order in which it was recorded.
 */
export class Recorder {
  readonly device: GPUDevice
  /** Resolves when the device is lost, with what to do. */
  readonly lost: Promise<Error>
  readonly #shaders: ReadonlyMap<KernelName, Shader>
  readonly #pipelines = new Map<string, GPUComputePipeline>()
  readonly #params = new Uint32Array((slot / 4) * slots)
  readonly #paramsBuffer: GPUBuffer
  #used = 0
  #encoder: GPUCommandEncoder | null = null
  #pass: GPUComputePassEncoder | null = null
  /** Stays. */
  #lost: Error | undefined
  /** What is going to be known of what was done since the last check. */
  #checks: Promise<Error | null>[] = []
  #failures = 0
  #created = 0
  readonly #staging = new Staging()

  static async on(device: GPUDevice, variants?: Variants): Promise<Recorder> {
    return new Recorder(device, await loadShaders(variants))
  }

  private constructor(device: GPUDevice, shaders: ReadonlyMap<KernelName, Shader>) {
    this.device = device
    this.#shaders = shaders
    const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST
    this.#paramsBuffer = device.createBuffer({ label: 'parameters', size: slot * slots, usage })
    this.lost = device.lost.then(({ reason, message }) => {
      const why = `${reason}: ${message}`
      return (this.#lost = new Error(`webgpu: the device is lost (${why}); load the model again, on a new device`))
    })
  }

  dispatch({ params, grid, ...binding }: Dispatch): void {
    if (grid.includes(0)) return
    this.run(this.prepare(binding), params, grid)
  }

  /** Needs to be made anew when one of the buffers is. */
  prepare({ kernel, constants = {}, buffers }: Binding): Prepared {
    const pipeline = this.#pipelineOf(kernel, constants)
    const { bindings } = this.#shaders.get(kernel)!
    const entries = [
      { binding: 0, resource: { buffer: this.#paramsBuffer, size: slot } },
      ...bindings.map(({ binding }, i) => ({ binding, resource: bound(buffers[i]) })),
    ]
    const group = this.create((device) =>
      device.createBindGroup({
        label: kernel,
        layout: pipeline.getBindGroupLayout(0),
        entries,
      }),
    )
    return { pipeline, group }
  }

  run({ pipeline, group }: Prepared, params: readonly number[], [x, y = 1, z = 1]: Dispatch['grid']): void {
    if (x * y * z === 0) return
    if (this.#used === slots) this.submit()
    const encoder = this.#encoding()
    this.#params.set(params, (slot / 4) * this.#used)
    this.#pass ??= encoder.beginComputePass()
    this.#pass.setPipeline(pipeline)
    this.#pass.setBindGroup(0, group, [slot * this.#used++])
    this.#pass.dispatchWorkgroups(x, y, z)
  }

  copy(from: GPUBuffer, fromOffset: number, to: GPUBuffer, toOffset: number, bytes: number): void {
    this.#endPass()
    this.#encoding().copyBufferToBuffer(from, fromOffset, to, toOffset, bytes)
  }

  /** What was recorded before runs before this is written. */
  write(buffer: GPUBuffer, data: ArrayBufferView, offset = 0): void {
    this.submit()
    this.#guard(() => this.device.queue.writeBuffer(buffer, offset, data.buffer, data.byteOffset, data.byteLength))
  }

  /** Runs what creates things on the device; what goes wrong shows in `check`. */
  create<R>(make: (device: GPUDevice) => R): R {
    if (this.#lost) throw this.#lost
    this.#created++
    return this.#guard(() => make(this.device))
  }

  /** Buffers of these sizes, in bytes, all or none of them. @throws {Error} there is no memory for them */
  async allocate(sizes: readonly number[]): Promise<GPUBuffer[]> {
    this.submit()
    if (this.#lost) throw this.#lost
    const { device } = this
    device.pushErrorScope('out-of-memory')
    device.pushErrorScope('validation')
    const made = sizes.map((size) => device.createBuffer({ size, usage: usageOf() }))
    const errors = await Promise.all([device.popErrorScope(), device.popErrorScope()])
    const error = errors.find((found) => found !== null)
    if (!error) return made
    for (const buffer of made) buffer.destroy()
    throw failureOf(error)
  }

  /** How many things were created; whether they are there, the next `check` tells. */
  get created(): number {
    return this.#created
  }

  /** How often a check has failed: what was created before may not be there. */
  get failures(): number {
    return this.#failures
  }

  submit(): void {
    this.#endPass()
    if (this.#encoder === null) return
    const encoder = this.#encoder
    this.#encoder = null
    this.device.queue.writeBuffer(this.#paramsBuffer, 0, this.#params, 0, (slot / 4) * this.#used)
    this.#used = 0
    this.device.queue.submit([encoder.finish()])
    this.#popScopes()
  }

  /**
   * Submits. Resolves when all that was done since the last call is known to be in order; rejects with the first thing that is
   * not.
   */
  async check(): Promise<void> {
    this.submit()
    const checks = this.#checks
    this.#checks = []
    const errors = await Promise.all(checks)
    const failure = this.#lost ?? errors.find((error) => error !== null)
    if (!failure) return
    this.#failures++
    // One of them may not be there.
    this.trim()
    throw failure
  }

  /** Copies into a buffer of the host, to be read after `check`. */
  stage(pieces: readonly Piece[]): Staged {
    const size = pieces.reduce((sum, { bytes }) => sum + bytes, 0)
    const buffer = this.#staging.take(size, (descriptor) => this.create((device) => device.createBuffer(descriptor)))
    const born = this.#failures
    let at = 0
    for (const { from, offset = 0, bytes } of pieces) {
      this.copy(from, offset, buffer, at, bytes)
      at += bytes
    }
    const free = (): void => {
      // One of before a failure may not be there.
      this.#staging.release(buffer, this.#failures === born && this.#lost === undefined)
    }
    const read = async (): Promise<ArrayBuffer> => {
      try {
        await buffer.mapAsync(GPUMapMode.READ, 0, size)
        return buffer.getMappedRange(0, size).slice(0)
      } catch (error) {
        // A browser rejects what waits for a lost device before it says that the device is lost.
        throw this.#lost ?? (await Promise.race([this.lost, later(error)]))
      } finally {
        free()
      }
    }
    return { read, free }
  }

  /** @throws {Error} what has failed so far */
  async read(buffer: GPUBuffer, bytes: number): Promise<Float32Array> {
    if (bytes === 0) return new Float32Array(0)
    const staged = this.stage([{ from: buffer, bytes }])
    try {
      await this.check()
    } catch (error) {
      staged.free()
      throw error
    }
    return new Float32Array(await staged.read())
  }

  /** Lets go of what is kept for the next reading. */
  trim(): void {
    this.#staging.clear()
  }

  dispose(): void {
    this.submit()
    this.#paramsBuffer.destroy()
    this.trim()
  }

  #encoding(): GPUCommandEncoder {
    if (this.#lost) throw this.#lost
    if (this.#encoder === null) {
      this.#pushScopes()
      this.#encoder = this.device.createCommandEncoder()
    }
    return this.#encoder
  }

  #endPass(): void {
    this.#pass?.end()
    this.#pass = null
  }

  #pipelineOf(kernel: KernelName, constants: Constants): GPUComputePipeline {
    const key = `${kernel} ${JSON.stringify(constants)}`
    const known = this.#pipelines.get(key)
    if (known !== undefined) return known
    // What is not there is made, and complained of, again.
    const explain = (error: GPUError): Error | Promise<Error> => {
      this.#pipelines.delete(key)
      const outOfMemory = error instanceof GPUOutOfMemoryError
      return outOfMemory ? failureOf(error) : compilationError(kernel, made.module, this.device, error)
    }
    const made = this.#guard(() => compile(this.device, kernel, this.#shaders.get(kernel)!, constants), explain)
    this.#pipelines.set(key, made.pipeline)
    return made.pipeline
  }

  #guard<R>(body: () => R, explain?: Explain): R {
    this.#pushScopes()
    try {
      return body()
    } finally {
      this.#popScopes(explain)
    }
  }

  #pushScopes(): void {
    for (const scope of scopes) this.device.pushErrorScope(scope)
  }

  #popScopes(explain: Explain = failureOf): void {
    const popped = Promise.all(scopes.map(() => this.device.popErrorScope()))
    const checked = popped.then(
      (errors) => {
        const error = errors.find((found) => found !== null)
        return error ? explain(error) : null
      },
      // The device is lost, which says so itself.
      () => null,
    )
    this.#checks.push(checked)
  }
}

function failureOf(error: GPUError): Error {
  if (error instanceof GPUOutOfMemoryError) {
    return new Error(
      `webgpu: out of memory on the device (${error.message}); close sequences, use a shorter context or a smaller model`,
    )
  }
  return new Error(`webgpu: ${error.message}`)
}

/** Gives a device time to say that it is lost: 50 ms. */
function later(error: unknown): Promise<unknown> {
  return new Promise((resolve) => setTimeout(() => resolve(error), 50))
}

function bound(buffer: GPUBuffer | GPUBufferBinding): GPUBufferBinding {
  return 'buffer' in buffer ? buffer : { buffer }
}

/** Of what kernels read and write. */
export function usageOf(): number {
  return GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST
}

/** So many invocations in groups of 64, in two dimensions where one is too short. `across`: groups of a row. */
export function groupsFor(
  invocations: number,
  width = 64,
): { readonly grid: [number, number]; readonly across: number } {
  const groups = Math.ceil(invocations / width)
  const across = Math.min(groups, most)
  return { grid: [across, across === 0 ? 0 : Math.ceil(groups / across)], across }
}

const bits = new Float32Array(1)
const bitsAsInteger = new Uint32Array(bits.buffer)

/** A float among the parameters. */
export function float(value: number): number {
  bits[0] = value
  return bitsAsInteger[0]
}
