import { byteLength, InputError, type Graph } from '@tramontane/core'
import { adapterName } from './adapter.ts'

/**
 * Holds a graph against a device's limits on buffers, before anything is read: a matrix may lie in many, each of some of its
 * rows, so that only a row too long for one is too much.
 *
 * @throws {InputError} it cannot be, with what it needs and what there is
 */
export function checkLimits({ weights }: Graph, device: Pick<GPUDevice, 'limits' | 'adapterInfo'>): void {
  const { maxBufferSize, maxStorageBufferBindingSize } = device.limits
  const limit = Math.min(maxBufferSize, maxStorageBufferBindingSize)
  const rows = Object.entries(weights).map(([name, spec]) => ({ name, bytes: rowBytes(spec) }))
  const [longest] = rows.sort((a, b) => b.bytes - a.bytes)
  if (longest === undefined || longest.bytes <= limit) return
  throw new InputError(
    `webgpu: weight "${longest.name}": a row of it needs ${longest.bytes} bytes in one buffer, but ` +
      `${adapterName(device.adapterInfo)} has a maxBufferSize of ${maxBufferSize} and a maxStorageBufferBindingSize of ` +
      `${maxStorageBufferBindingSize}; another backend has no such limit`,
  )
}

/** Of a matrix as it lies on disk; vectors and scales are held whole, in float32. */
function rowBytes(spec: Graph['weights'][string]): number {
  const [N] = spec.shape
  if (spec.shape.length < 2) return (4 / byteLength({ ...spec, shape: [1] })) * byteLength(spec)
  return N === 0 ? 0 : byteLength(spec) / N
}
