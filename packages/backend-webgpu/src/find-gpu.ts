import { InputError } from '@tramontane/core'

/** Memory of a workgroup is not zeroed: no kernel reads there what it has not written. Browsers do it all the same. */
const toggles = ['enable-dawn-features=disable_workgroup_init']

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
    const gpu = create(toggles)
    alive.push(gpu)
    return gpu
  } catch (error) {
    const reason = error instanceof Error ? error.message.split('\n')[0] : String(error)
    throw new InputError(
      `webgpu: expected navigator.gpu or the npm package "webgpu", found neither (${reason}); \`npm install webgpu\``,
    )
  }
}
