import { isSoftware } from './adapter.ts'
import { usageOf } from './recorder.ts'
import { shaderText } from './shaders.ts'

/** The most that kernels reach on a device, measured. */
export interface DeviceLimits {
  /** That were read at once. */
  readonly bytes: number
  readonly bytesPerSecond: number
  /** Multiplications and additions in f32. */
  readonly operationsPerSecond: number
}

/** Invocations of a workgroup, as the kernels have it, and quads that each of them reads at once. */
const [group, unrolled] = [256, 4]

/** Operations of one round of one invocation: 16 chains, a multiplication and an addition each. */
const operations = 32

/** Milliseconds that an attempt takes at least, by repeating, and attempts, the best of which counts. */
const [least, attempts] = [50, 5]

/**
 * Reads a buffer of `bytes` (less where no binding can be as large) and multiplies and adds. All is freed again.
 *
 * @throws {Error} a kernel does not compile, there is no memory, or the numbers are not what they must be
 */
export async function measureDevice(device: GPUDevice, bytes?: number): Promise<DeviceLimits> {
  const software = isSoftware(device.adapterInfo)
  // More than caches hold; enough invocations that no core waits.
  const groups = software ? 64 : 4096
  const unit = 16 * group * unrolled * groups
  const { maxStorageBufferBindingSize, maxBufferSize } = device.limits
  const most = Math.min(maxStorageBufferBindingSize, maxBufferSize, bytes ?? (software ? 2 ** 27 : 2 ** 30))
  const size = Math.max(1, Math.floor(most / unit)) * unit
  device.pushErrorScope('out-of-memory')
  device.pushErrorScope('validation')
  const usage = usageOf()
  const [data, rounds] = [device.createBuffer({ size, usage }), device.createBuffer({ size: 16, usage })]
  const sums = device.createBuffer({ size: 4 * group * groups, usage })
  try {
    fill(device, data)
    const stream = await kernel(device, 'stream', [data, sums], { count: size / 16 })
    const multiplyAdd = await kernel(device, 'multiply_add', [rounds, sums])
    const read = await best(device, (times) => stream(groups, times))
    await expectSum(device, sums, size / (4 * group * groups))
    device.queue.writeBuffer(rounds, 0, Uint32Array.of(steps))
    const computed = await best(device, (times) => multiplyAdd(groups, times))
    // x ← x / 2 + 1 / 4 ends at 1 / 2.
    await expectSum(device, sums, 16 / 2)
    return {
      bytes: size,
      bytesPerSecond: size / read,
      operationsPerSecond: (operations * steps * group * groups) / computed,
    }
  } finally {
    for (const buffer of [data, rounds, sums]) buffer.destroy()
    const errors = await Promise.all([device.popErrorScope(), device.popErrorScope()])
    const error = errors.find((found) => found !== null)
    // More telling than the sum that is missing.
    if (error) throw new Error(`webgpu: measuring: ${error.message}`)
  }
}

/** Rounds of one dispatch: a few tenths of a millisecond on a fast card, against which starting it is little. */
const steps = 512

/** Ones, in pieces: the sum is known. */
function fill(device: GPUDevice, buffer: GPUBuffer): void {
  const piece = new Float32Array(Math.min(buffer.size, 2 ** 22) / 4).fill(1)
  for (let at = 0; at < buffer.size; at += piece.byteLength) {
    device.queue.writeBuffer(buffer, at, piece, 0, Math.min(piece.length, (buffer.size - at) / 4))
  }
}

/** → dispatches it a number of times, and hands that in. */
async function kernel(
  device: GPUDevice,
  name: string,
  buffers: readonly GPUBuffer[],
  constants: Readonly<Record<string, number>> = {},
): Promise<(groups: number, times: number) => void> {
  const module = device.createShaderModule({ label: name, code: await shaderText(name) })
  const pipeline = await device.createComputePipelineAsync({
    label: name,
    layout: 'auto',
    compute: { module, entryPoint: 'main', constants },
  })
  const entries = buffers.map((buffer, binding) => ({ binding, resource: { buffer } }))
  const bound = device.createBindGroup({ layout: pipeline.getBindGroupLayout(0), entries })
  return (groups, times) => {
    const encoder = device.createCommandEncoder()
    const pass = encoder.beginComputePass()
    pass.setPipeline(pipeline)
    pass.setBindGroup(0, bound)
    for (let i = 0; i < times; i++) pass.dispatchWorkgroups(groups)
    pass.end()
    device.queue.submit([encoder.finish()])
  }
}

/** Seconds of one time in the fastest attempt, after some that warm up and tell how many times an attempt takes. */
async function best({ queue }: GPUDevice, dispatch: (times: number) => void): Promise<number> {
  const attempt = async (times: number): Promise<number> => {
    const start = performance.now()
    dispatch(times)
    await queue.onSubmittedWorkDone()
    return performance.now() - start
  }
  await attempt(1)
  let times = 1
  while (times < 1024 && (await attempt(times)) < least) times *= 2
  let fastest = Infinity
  for (let i = 0; i < attempts; i++) fastest = Math.min(fastest, (await attempt(times)) / times)
  return fastest / 1000
}

/** A kernel that did nothing would be infinitely fast. */
async function expectSum(device: GPUDevice, sums: GPUBuffer, expected: number): Promise<void> {
  const staging = device.createBuffer({ size: sums.size, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST })
  try {
    const encoder = device.createCommandEncoder()
    encoder.copyBufferToBuffer(sums, 0, staging, 0, sums.size)
    device.queue.submit([encoder.finish()])
    await staging.mapAsync(GPUMapMode.READ)
    const wrong = new Float32Array(staging.getMappedRange()).find((sum) => Math.abs(sum - expected) > 1e-3 * expected)
    if (wrong !== undefined) throw new Error(`webgpu: measuring: expected sums of ${expected}, found ${wrong}`)
  } finally {
    staging.destroy()
  }
}
