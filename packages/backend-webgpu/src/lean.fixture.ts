import { findAdapter } from './device.ts'

/** What has happened on a device since the last reset. */
export interface Counts {
  dispatches: number
  submissions: number
  buffers: number
  bindGroups: number
  pipelines: number
}

export interface CountingDevice {
  readonly device: GPUDevice
  readonly counts: Counts
  /** Bytes of buffers that are not destroyed, but for those that are the host's, to read from. */
  bytes(): number
  reset(): void
  /** Bytes of codes that kernels after `products.wgsl` have loaded since the last call, as counted on the device. */
  loadedBytes(): Promise<number>
}

/** Where the counter is bound, which no kernel uses. */
const binding = 15

/**
 * A device that counts what it is asked for. Into kernels after `products.wgsl` it puts a counter that goes up with every load
 * of 16 bytes of codes: what is read is measured, not reckoned.
 */
export async function countingDevice(): Promise<CountingDevice> {
  const adapter = await findAdapter()
  const { maxStorageBufferBindingSize, maxBufferSize } = adapter.limits
  const requiredLimits = { maxStorageBuffersPerShaderStage: 9, maxStorageBufferBindingSize, maxBufferSize }
  const device = await adapter.requestDevice({ requiredLimits, requiredFeatures: ['subgroups'] })
  const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST
  const counter = device.createBuffer({ size: 4, usage })
  const counts: Counts = { dispatches: 0, submissions: 0, buffers: 0, bindGroups: 0, pipelines: 0 }
  let bytes = 0
  const wrap = <K extends keyof GPUDevice>(name: K, made: (original: GPUDevice[K]) => GPUDevice[K]): void => {
    device[name] = made((device[name] as unknown as () => void).bind(device) as GPUDevice[K])
  }
  wrap('createBuffer', (create) => (descriptor) => {
    counts.buffers++
    const buffer = create(descriptor)
    const size = (descriptor.usage & GPUBufferUsage.MAP_READ) === 0 ? buffer.size : 0
    bytes += size
    const destroy = buffer.destroy.bind(buffer)
    buffer.destroy = () => {
      bytes -= size
      return destroy()
    }
    return buffer
  })
  wrap('createShaderModule', (create) => (descriptor) => create({ ...descriptor, code: counted(descriptor.code) }))
  wrap('createBindGroupLayout', (create) => ({ entries }) => {
    const entry = { binding, visibility: GPUShaderStage.COMPUTE, buffer: { type: 'storage' as const } }
    return create({ entries: isCounted(entries) ? [...entries, entry] : entries })
  })
  wrap('createBindGroup', (create) => ({ layout, entries }) => {
    counts.bindGroups++
    return create({
      layout,
      entries: isCounted(entries) ? [...entries, { binding, resource: { buffer: counter } }] : entries,
    })
  })
  wrap('createComputePipeline', (create) => (descriptor) => {
    counts.pipelines++
    return create(descriptor)
  })
  wrap('createCommandEncoder', (create) => () => {
    const encoder = create()
    const begin = encoder.beginComputePass.bind(encoder)
    encoder.beginComputePass = (descriptor) => {
      const pass = begin(descriptor)
      const dispatch = pass.dispatchWorkgroups.bind(pass)
      pass.dispatchWorkgroups = (...grid) => {
        counts.dispatches++
        return dispatch(...grid)
      }
      return pass
    }
    return encoder
  })
  const submit = device.queue.submit.bind(device.queue)
  device.queue.submit = (commands) => {
    counts.submissions++
    return submit(commands)
  }
  return {
    device,
    counts,
    bytes: () => bytes,
    reset: () => void Object.assign(counts, { dispatches: 0, submissions: 0, buffers: 0, bindGroups: 0, pipelines: 0 }),
    loadedBytes: async () => 16 * (await taken(device, counter)),
  }
}

/** Bindings 3 to 7 are those of `products.wgsl`: no other kernel has them all. */
function isCounted(entries: Iterable<{ readonly binding: number }>): boolean {
  const bound = new Set([...entries].map((entry) => entry.binding))
  return [3, 4, 5, 6, 7].every((number) => bound.has(number))
}

function counted(code: string): string {
  if (!code.includes('What project, gate_up and qkv have in common')) return code
  const loads = code.replaceAll(/codes\[(\w+\.\w) \+ v\]/g, 'codes[$1 + v + loaded()]')
  if (loads === code) throw new Error('products.wgsl loads codes in another way than this fixture knows')
  return `${loads}
@group(0) @binding(${binding}) var<storage, read_write> counter: atomic<u32>;
fn loaded() -> u32 {
  atomicAdd(&counter, 1u);
  return 0u;
}`
}

/** The counter, which begins anew. */
async function taken(device: GPUDevice, counter: GPUBuffer): Promise<number> {
  const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.COPY_DST
  const staging = device.createBuffer({ size: 4, usage })
  const encoder = device.createCommandEncoder()
  encoder.copyBufferToBuffer(counter, 0, staging, 0, 4)
  encoder.clearBuffer(counter)
  device.queue.submit([encoder.finish()])
  await staging.mapAsync(GPUMapMode.READ)
  const [count] = new Uint32Array(staging.getMappedRange())
  staging.destroy()
  return count
}
