import { interpreter, type Backend } from '@tramontane/core'
import { openDevice } from './device.ts'
import { elementVariants, type Element } from './pages.ts'
import { Recorder } from './recorder.ts'
import { opTable } from './table.ts'
import { chooseVariants } from './variants.ts'
import { watchLoad } from './watch-load.ts'

export interface WebgpuOptions {
  /**
   * What keys and values are kept in: F32, which is what is promised, or F16, half as many bytes of each token of the past
   * to hold and to read, rounded to 11 bits and to ±65,504.
   */
  readonly cache?: Element
}

/**
 * The graph in WGSL: on a device that its user has made, or on one of the best adapter that there is.
 *
 * Programs of one backend share its device and its list of errors: where passes of two of them run at the same time and one
 * fails, the other may be told instead. For that, make a backend for each, on a device of its own.
 *
 * @throws {InputError} no WebGPU, no adapter, or one that fails the self-test
 */
export async function webgpu(device?: GPUDevice, { cache = 'F32' }: WebgpuOptions = {}): Promise<Backend> {
  const used = device ?? (await openDevice())
  const recorder = await Recorder.on(used, { ...(await chooseVariants(used)), ...elementVariants[cache] })
  const backend = interpreter({
    name: 'webgpu',
    batchInvariant: false,
    open: (graph) => opTable(recorder, graph, undefined, cache),
  })
  return watchLoad(recorder, backend)
}
