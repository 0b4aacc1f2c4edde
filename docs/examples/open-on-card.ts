import { adapterName, findAdapter, openDevice, webgpu } from '@tramontane/backend-webgpu'
import { load } from '@tramontane/core/disk'
import type { OpenModel } from './open-model.ts'

export interface OnCard extends OpenModel {
  /** Vendor, architecture and name of what computes. */
  readonly adapter: string
  /** Resolves with the reason when the device is gone. */
  readonly lost: Promise<Error>
}

/** A model folder on the disk, on a device of our own. */
export async function openOnCard(directory: string): Promise<OnCard> {
  const adapter = await findAdapter()
  const device = await openDevice(adapter)
  const backend = await webgpu(device)
  const model = await load(directory)
  const program = await backend.load(model.graph, model.weights)
  const close = async () => {
    await program.dispose()
    await model.close()
    device.destroy()
    await device.lost
  }
  return { model, program, adapter: adapterName(adapter.info), lost: backend.lost!, close }
}
