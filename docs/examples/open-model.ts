import { reference, type Model, type Program } from '@tramontane/core'
import { load } from '@tramontane/core/disk'

export interface OpenModel {
  readonly model: Model
  readonly program: Program
  close(): Promise<void>
}

/** A model folder, bound to the reference backend. */
export async function openModel(directory: string): Promise<OpenModel> {
  const model = await load(directory)
  const program = await reference().load(model.graph, model.weights)
  const close = async () => {
    await program.dispose()
    await model.close()
  }
  return { model, program, close }
}
