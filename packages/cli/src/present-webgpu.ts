import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { adapterName, findAdapter, isSoftware, openDevice, webgpu } from '@tramontane/backend-webgpu'
import { InputError } from '@tramontane/core'
import type { Made } from './made.ts'

type Adapter = Awaited<ReturnType<typeof findAdapter>>

/** What `auto` computes with, or in words why it does not; null where nobody has installed it. */
export type PresentWebgpu = { readonly made: Made } | { readonly absent: string | null }

/** The best adapter, whatever it is. @throws {InputError} without the package, without an adapter, or without a device of it */
export async function openWebgpu(): Promise<Made> {
  const { navigator } = globalThis as { navigator?: { gpu?: object } }
  if (!navigator?.gpu && packageVersion() !== '' && !vulkanLoads()) {
    throw new InputError(
      'webgpu: expected Vulkan (libvulkan.so.1), found none; install it, and the driver of the graphics card',
    )
  }
  const adapter = await findAdapter()
  const slow = isSoftware(adapter.info) ? ', which is a CPU: other backends make more of it' : ''
  return make(adapter, `webgpu, as asked for, on ${adapterName(adapter.info)}${slow}`)
}

/** The best adapter, unless it is a CPU. Never throws: what is wrong here is in nobody's way. */
export async function presentWebgpu(): Promise<PresentWebgpu> {
  if (packageVersion() === '') return { absent: null }
  // Dawn would say so in several lines.
  if (!vulkanLoads()) return { absent: 'webgpu: Vulkan is not installed' }
  try {
    const adapter = await findAdapter()
    const name = adapterName(adapter.info)
    if (isSoftware(adapter.info)) return { absent: `webgpu: ${name} is a CPU` }
    return { made: await make(adapter, `webgpu: ${name}`) }
  } catch (error) {
    return { absent: (error as Error).message }
  }
}

async function make(adapter: Adapter, why: string): Promise<Made> {
  const device = await openDevice(adapter)
  const version = `${packageVersion()} on ${adapterName(adapter.info)}`.trim()
  const holds = isSoftware(adapter.info) ? { holds: 'webgpu-software' } : {}
  const about = { name: 'webgpu', version, why, ...holds }
  return { backend: await webgpu(device), about, end: () => end(device) }
}

/** Milliseconds in which Dawn tells all who wait for a device that it is gone. */
const farewell = 50

/** Dawn ends the whole process when a thread ends in which somebody still waits for a buffer, say. */
async function end(device: Awaited<ReturnType<typeof openDevice>>): Promise<void> {
  device.destroy()
  await device.lost
  await sleep(farewell)
}

/** Of the npm package `webgpu`, which is Dawn; empty where it is not installed. */
function packageVersion(): string {
  try {
    const folder = dirname(createRequire(import.meta.url).resolve('webgpu'))
    const { version } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }
    return version
  } catch {
    return ''
  }
}

/** Whether Linux finds Vulkan's library; other systems bring what Dawn needs. */
function vulkanLoads(): boolean {
  if (process.platform !== 'linux') return true
  try {
    process.dlopen({ exports: {} }, 'libvulkan.so.1')
    return true
  } catch (error) {
    // It is loaded, and as was to be expected no addon.
    return String(error).includes('did not self-register')
  }
}
