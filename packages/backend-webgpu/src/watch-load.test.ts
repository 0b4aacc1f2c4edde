import { goldenPath, openModel } from '@tramontane/conformance'
import { InputError, type Backend, type WeightSource } from '@tramontane/core'
import { beforeAll, expect, it } from 'vitest'
import { checkLimits } from './check-limits.ts'
import { openDevice } from './device.ts'
import { useSoftwareAdapter } from './software.fixture.ts'
import { webgpu } from './webgpu.ts'

beforeAll(() => useSoftwareAdapter())

async function load(backend: Backend): Promise<unknown> {
  const { graph, weights, close } = await openModel(goldenPath('tiny/full'))
  return backend.load(graph, weights).finally(() => close())
}

it.each([
  ['in the middle', (names: readonly string[]) => names.find((name) => name.includes('layers.1.'))!],
  // Scales would be read first, but there are none.
  ['at the end', (names: readonly string[]) => names.at(-1)!],
])('a weight without memory is named, with what was asked and of whom: %s', async (_, pick) => {
  const device = await openDevice()
  const backend = await webgpu(device)
  const { graph, weights, close } = await openModel(goldenPath('tiny/full'))
  const names = Object.keys(graph.weights)
  const name = pick(names)
  const create = device.createBuffer.bind(device)
  // Refused as one too large would be: nothing can be mapped for both.
  const usage = GPUBufferUsage.MAP_READ | GPUBufferUsage.MAP_WRITE
  let read = 0
  const source: WeightSource = {
    specs: weights.specs,
    read(asked, rows) {
      read++
      if (asked === name) device.createBuffer = (descriptor) => create({ ...descriptor, usage })
      else device.createBuffer = create
      return weights.read(asked, rows)
    },
  }
  await expect(backend.load(graph, source)).rejects.toThrow(
    new RegExp(`^weight "${name}", at \\d+ bytes of weights in all, on google swiftshader .*: webgpu: `),
  )
  // It was the last that was read: nothing is loaded for naught.
  expect(read).toBeLessThanOrEqual(names.indexOf(name) + 1)
  device.createBuffer = create
  await load(backend)
  await close()
})

it('a row that no buffer holds is told before anything is read', async () => {
  const { graph, close } = await openModel(goldenPath('tiny/full'))
  const { limits, adapterInfo } = await openDevice()
  const of = (changes: object) => ({ limits: { ...plain(limits), ...changes }, adapterInfo }) as unknown as GPUDevice
  expect(() => checkLimits(graph, of({}))).not.toThrow()
  const widest = Math.max(...Object.values(graph.weights).map(({ shape: [N, K] }) => 4 * (K ?? N)))
  for (const limit of ['maxBufferSize', 'maxStorageBufferBindingSize']) {
    expect(() => checkLimits(graph, of({ [limit]: widest }))).not.toThrow()
    const check = () => checkLimits(graph, of({ [limit]: widest - 1 }))
    expect(check).toThrow(InputError)
    expect(check).toThrow(
      new RegExp(`needs ${widest} bytes in one buffer, but google swiftshader .* has .*${limit} of ${widest - 1}`),
    )
  }
  await close()
})

function plain({ maxBufferSize, maxStorageBufferBindingSize }: GPUSupportedLimits): object {
  return { maxBufferSize, maxStorageBufferBindingSize }
}

it('says when its device is lost, and what to do', async () => {
  const device = await openDevice()
  const { lost } = await webgpu(device)
  device.destroy()
  expect((await lost!).message).toMatch(/^webgpu: the device is lost \(destroyed: .*\); load the model again/)
})
