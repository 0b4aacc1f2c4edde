import { loadShaders, type KernelName, type Shader, type Variants } from './shaders.ts'

/** Bytes of the parameters of one dispatch: a dynamic offset counts in these. */
const slot = 256
/** Dispatches of one submission at most. */
const slots = 256
const most = 65535

type Constants = Readonly<Record<string, number | boolean>>

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

/**
 * Writes down what is to be done and hands it to the device together. Everything runs in the order in which it was recorded.
 */
export class Recorder {
  readonly device: GPUDevice
  readonly #shaders: ReadonlyMap<KernelName, Shader>
  readonly #pipelines = new Map<string, GPUComputePipeline>()
  readonly #params = new Uint32Array((slot / 4) * slots)
  readonly #paramsBuffer: GPUBuffer
  #used = 0
  #encoder: GPUCommandEncoder | null = null
  #pass: GPUComputePassEncoder | null = null
  /** Stays. */
  #lost: Error | undefined
  /** What has gone wrong since the last check. */
  #failure: Error | undefined
  #checks: Promise<void> = Promise.resolve()
  #failures = 0

  static async on(device: GPUDevice, variants?: Variants): Promise<Recorder> {
    return new Recorder(device, await loadShaders(variants))
  }

  private constructor(device: GPUDevice, shaders: ReadonlyMap<KernelName, Shader>) {
    this.device = device
    this.#shaders = shaders
    const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST
    this.#paramsBuffer = device.createBuffer({ label: 'parameters', size: slot * slots, usage })
    void device.lost.then(({ reason, message }) => {
      this.#lost = new Error(
        `webgpu: the device is lost (${reason}: ${message}); load the model again, on a new device`,
      )
    })
  }

  dispatch({ params, grid, ...binding }: Dispatch): void {
    if (grid.includes(0)) return
    this.run(this.prepare(binding), params, grid)
  }

  /** Needs to be made anew when one of the buffers is. */
  prepare({ kernel, constants = {}, buffers }: Binding): Prepared {
    const pipeline = this.#pipelineOf(kernel, constants)
    const resources = [{ buffer: this.#paramsBuffer, size: slot }, ...buffers.map(bound)]
    const group = this.create((device) =>
      device.createBindGroup({
        label: kernel,
        layout: pipeline.getBindGroupLayout(0),
        entries: resources.map((resource, binding) => ({ binding, resource })),
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

  /** Resolves when all that was recorded is known to be in order; rejects with what has gone wrong since the last check. */
  async check(): Promise<void> {
    this.submit()
    await this.#checks
    const failure = this.#lost ?? this.#failure
    this.#failure = undefined
    if (failure === undefined) return
    this.#failures++
    throw failure
  }

  /** @throws {Error} what has failed so far */
  async read(buffer: GPUBuffer, bytes: number): Promise<Float32Array> {
    if (bytes === 0) return new Float32Array(0)
    const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST
    const staging = this.create((device) => device.createBuffer({ size: bytes, usage }))
    try {
      this.copy(buffer, 0, staging, 0, bytes)
      await this.check()
      await staging.mapAsync(GPUMapMode.READ)
      return new Float32Array(staging.getMappedRange().slice(0))
    } catch (error) {
      throw this.#lost ?? error
    } finally {
      staging.destroy()
    }
  }

  dispose(): void {
    this.submit()
    this.#paramsBuffer.destroy()
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
    let found = this.#pipelines.get(key)
    if (found === undefined) {
      found = this.#guard(() => {
        const { device } = this
        const { code, bindings } = this.#shaders.get(kernel)!
        const entries = [
          { type: 'uniform' as const, hasDynamicOffset: true, minBindingSize: slot },
          ...bindings.map((type) => ({ type })),
        ]
        const layout = device.createBindGroupLayout({
          entries: entries.map((buffer, binding) => ({ binding, visibility: GPUShaderStage.COMPUTE, buffer })),
        })
        const values = Object.fromEntries(Object.entries(constants).map(([name, value]) => [name, Number(value)]))
        return device.createComputePipeline({
          label: key,
          layout: device.createPipelineLayout({ bindGroupLayouts: [layout] }),
          compute: {
            module: device.createShaderModule({ label: kernel, code }),
            entryPoint: 'main',
            constants: values,
          },
        })
      })
      this.#pipelines.set(key, found)
    }
    return found
  }

  #guard<R>(body: () => R): R {
    this.#pushScopes()
    try {
      return body()
    } finally {
      this.#popScopes()
    }
  }

  #pushScopes(): void {
    this.device.pushErrorScope('out-of-memory')
    this.device.pushErrorScope('validation')
  }

  #popScopes(): void {
    const scopes = [this.device.popErrorScope(), this.device.popErrorScope()]
    const checked = Promise.all(scopes).then(
      (errors) => {
        for (const error of errors) if (error) this.#failure ??= failureOf(error)
      },
      // The device is lost, which says so itself.
      () => {},
    )
    this.#checks = Promise.all([this.#checks, checked]).then(() => {})
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
