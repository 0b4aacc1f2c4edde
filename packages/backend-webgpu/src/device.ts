import { InputError } from '@tramontane/core'
import { adapterName } from './adapter.ts'
import { findGpu } from './find-gpu.ts'

/** Limits that are asked for as high as the adapter has them: matrices are large. */
const wanted = ['maxStorageBufferBindingSize', 'maxBufferSize'] as const

const features = ['subgroups', 'timestamp-query'] as const

/**
 * The best adapter.
 *
 * @throws {InputError} no WebGPU, or no adapter
 */
export async function findAdapter(gpu?: GPU): Promise<GPUAdapter> {
  const adapter = await (gpu ?? (await findGpu())).requestAdapter({ powerPreference: 'high-performance' })
  if (adapter) return adapter
  throw new InputError(
    'webgpu: expected an adapter, found none; install the driver of the graphics card (in Node one of Vulkan, Metal or D3D12)',
  )
}

/**
 * A device of an adapter, else of the best one, with its limits on buffers.
 *
 * @throws {InputError} no WebGPU, no adapter, or one that gives no device
 */
export async function openDevice(from?: GPU | GPUAdapter): Promise<GPUDevice> {
  const adapter = from && 'requestDevice' in from ? from : await findAdapter(from)
  const requiredLimits = Object.fromEntries(wanted.map((name) => [name, adapter.limits[name]]))
  try {
    return await adapter.requestDevice({
      requiredLimits,
      requiredFeatures: features.filter((name) => adapter.features.has(name)),
    })
  } catch (error) {
    throw new InputError(`webgpu: the adapter ${adapterName(adapter.info)} gives no device: ${String(error)}`)
  }
}

/** Bytes of the largest buffer that a kernel can read. */
export function bindingLimit({ limits }: GPUDevice): number {
  return Math.min(limits.maxStorageBufferBindingSize, limits.maxBufferSize)
}
