import { beforeAll, expect, it } from 'vitest'
import { adapterName, isSoftware } from './adapter.ts'
import { openDevice } from './device.ts'
import { measureDevice } from './measure-limits.ts'
import { useSoftwareAdapter } from './software.fixture.ts'

beforeAll(() => useSoftwareAdapter())

it('gives rates of kernels that did what they should, and leaves nothing', async () => {
  const device = await openDevice()
  const create = device.createBuffer.bind(device)
  let live = 0
  device.createBuffer = (descriptor) => {
    const buffer = create(descriptor)
    const destroy = buffer.destroy.bind(buffer)
    live++
    buffer.destroy = () => (live--, destroy())
    return buffer
  }
  const found = await measureDevice(device, 2 ** 24)
  expect(found.bytes).toBe(2 ** 24)
  for (const rate of [found.bytesPerSecond, found.operationsPerSecond]) expect(rate > 0 && rate < 1e15).toBe(true)
  expect(live).toBe(0)
})

it('an adapter is what it says, and software where it says so in any way', async () => {
  const { adapterInfo } = await openDevice()
  expect(adapterName(adapterInfo)).toMatch(/^google swiftshader/)
  expect(isSoftware(adapterInfo)).toBe(true)
  const info = (changes: object) =>
    ({
      vendor: '',
      architecture: '',
      device: '',
      description: '',
      isFallbackAdapter: false,
      ...changes,
    }) as GPUAdapterInfo
  expect(adapterName(info({ vendor: 'nvidia', architecture: 'hopper', description: 'NVIDIA H100' }))).toBe(
    'nvidia hopper NVIDIA H100',
  )
  const software = [
    info({ isFallbackAdapter: true }),
    info({ vendor: 'mesa', description: 'llvmpipe (LLVM 15.0.6, 256 bits)' }),
    info({ vendor: 'microsoft', architecture: 'warp' }),
  ]
  expect(software.map(isSoftware)).toEqual([true, true, true])
  expect([info({}), info({ vendor: 'nvidia', description: 'Quadro Warpspeed' })].map(isSoftware)).toEqual([
    false,
    false,
  ])
})
