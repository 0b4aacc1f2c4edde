import { interpreter, type Backend } from '@tramontane/core'
import { openDevice } from './device.ts'
import { Recorder } from './recorder.ts'
import { opTable } from './table.ts'

/**
 * The graph in WGSL: on a device that its user has made, or on one of the best adapter that there is.
 *
 * @throws {InputError} no WebGPU, or no adapter
 */
export async function webgpu(device?: GPUDevice): Promise<Backend> {
  const recorder = await Recorder.on(device ?? (await openDevice()))
  return interpreter({ name: 'webgpu', batchInvariant: false, open: (graph) => opTable(recorder, graph) })
}
