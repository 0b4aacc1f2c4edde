import { webgpu } from '@tramontane/backend-webgpu'
import { blobFolder, loadFolder } from '@tramontane/core'
import type { OpenModel } from './open-model.ts'

/** Files of a model folder that a user has chosen or dropped: each weight is read by its range when its turn comes. */
export async function openFiles(
  files: readonly File[],
  progress: (loaded: number, total: number) => void,
): Promise<OpenModel> {
  const folder = blobFolder(new Map(files.map((file) => [file.name, file])), 'the chosen folder')
  const model = await loadFolder(folder)
  const backend = await webgpu()
  const program = await backend.load(model.graph, model.weights, { progress })
  const close = async () => {
    await program.dispose()
    await model.close()
  }
  return { model, program, close }
}
