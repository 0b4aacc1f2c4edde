import { InputError } from '@tramontane/core'

/** Dawn ends the process when what `create` gave is collected. */
const alive: GPU[] = []

/**
 * The browser's WebGPU, or in Node that of the npm package `webgpu` (Dawn).
 *
 * @throws {InputError} there is none
 */
export async function findGpu(): Promise<GPU> {
  const { navigator } = globalThis as { navigator?: { gpu?: GPU } }
  if (navigator?.gpu) return navigator.gpu
  const name = 'webgpu'
  try {
    const { create, globals } = (await import(/* @vite-ignore */ /* webpackIgnore: true */ name)) as {
      create(options: string[]): GPU
      globals: object
    }
    for (const [key, value] of Object.entries(globals)) if (!(key in globalThis)) Reflect.set(globalThis, key, value)
    const gpu = create([])
    alive.push(gpu)
    return gpu
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error)
    throw new InputError(
      `webgpu: expected navigator.gpu or the npm package "webgpu", found neither (${reason}); \`npm install webgpu\``,
    )
  }
}
