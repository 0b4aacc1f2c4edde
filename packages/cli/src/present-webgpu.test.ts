import { useSoftwareAdapter } from '@tramontane/backend-webgpu/software.fixture'
import { InputError } from '@tramontane/core'
import { beforeAll, expect, it } from 'vitest'
import { measureWebgpu } from './bench/webgpu-limits.ts'
import { makeBackend } from './make-backend.ts'
import { presentWebgpu } from './present-webgpu.ts'

beforeAll(() => useSoftwareAdapter())

it('a CPU computes only where it was asked for, and it is said that it is one', async () => {
  expect(await presentWebgpu()).toEqual({
    absent: expect.stringMatching(/^webgpu: google swiftshader .* is a CPU$/) as string,
  })
  const { backend, about, end } = await makeBackend('webgpu')
  expect(backend.name).toBe('webgpu')
  expect(about).toEqual({
    name: 'webgpu',
    version: expect.stringMatching(/^0\.\d+\.\d+ on google swiftshader /) as string,
    why: expect.stringMatching(/^webgpu, as asked for, on google swiftshader .*, which is a CPU: /) as string,
    holds: 'webgpu-software',
  })
  await end!()
  expect((await backend.lost!).message).toContain('load the model again')
})

it('is measured by kernels of its own, and says which', async () => {
  const found = await measureWebgpu(2 ** 24)
  for (const rate of [found.bytesPerSecond, found.operationsPerSecond]) expect(rate > 0 && rate < 1e15).toBe(true)
  expect(found).toMatchObject({ kind: 'kernels in WGSL', stream: 'the sum of 16 MiB of float32' })
})

it('what is refused is told with the remedy', async () => {
  const { navigator } = globalThis as { navigator?: object }
  // As where no driver is installed.
  const gpu = { requestAdapter: async () => null }
  Object.defineProperty(globalThis, 'navigator', { value: { gpu }, configurable: true })
  try {
    const refused = await makeBackend('webgpu').catch((error: unknown) => error)
    expect(refused).toBeInstanceOf(InputError)
    expect((refused as InputError).message).toMatch(/expected an adapter, found none; install the driver/)
    expect(await presentWebgpu()).toEqual({ absent: (refused as InputError).message })
  } finally {
    Object.defineProperty(globalThis, 'navigator', { value: navigator, configurable: true })
  }
})
