import { InputError } from '@tramontane/core'
import { findGpu } from './find-gpu.ts'

/** Limits that are asked for as high as the adapter has them: matrices are large. */
const wanted = ['maxStorageBufferBindingSize', 'maxBufferSize'] as const

const features = ['subgroups'] as const

/**
 * A device of the best adapter, with its limits on buffers.
 *
 * @throws {InputError} no WebGPU, no adapter, or one that gives no device
 */
export async function openDevice(gpu?: GPU): Promise<GPUDevice> {
  const adapter = await (gpu ?? (await findGpu())).requestAdapter({ powerPreference: 'high-performance' })
  if (!adapter) {
    throw new InputError(
      'webgpu: expected an adapter, found none; install the driver of the graphics card (in Node one of Vulkan, Metal or D3D12)',
    )
  }
  const requiredLimits = Object.fromEntries(wanted.map((name) => [name, adapter.limits[name]]))
  try {
    return await adapter.requestDevice({
      requiredLimits,
      requiredFeatures: features.filter((name) => adapter.features.has(name)),
    })
  } catch (error) {
    const { vendor, architecture, description } = adapter.info
    throw new InputError(
      `webgpu: the adapter ${[vendor, architecture, description].filter(Boolean).join(' ')} gives no device: ${String(error)}`,
    )
  }
}
