import { measureDevice, openDevice } from '@tramontane/backend-webgpu'
import { limitsInWorker, type Limits } from './limits.ts'

/** The limits of the adapter's memory and arithmetic, in a thread of their own, as the backend computes in one. */
export async function webgpuLimits(): Promise<Limits> {
  if (import.meta.url.endsWith('.ts')) return measureWebgpu()
  return limitsInWorker('webgpu')
}

/** Measures in this thread, a buffer of `bytes` if it is given. @throws {InputError} no device */
export async function measureWebgpu(bytes?: number): Promise<Limits> {
  const device = await openDevice()
  try {
    const found = await measureDevice(device, bytes)
    return {
      kind: 'kernels in WGSL',
      stream: `the sum of ${Math.round(found.bytes / 2 ** 20)} MiB of float32`,
      bytesPerSecond: found.bytesPerSecond,
      arithmetic: '16 independent chains of fma in f32 an invocation',
      operationsPerSecond: found.operationsPerSecond,
    }
  } finally {
    device.destroy()
  }
}
