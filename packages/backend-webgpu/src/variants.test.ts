import { beforeAll, expect, it } from 'vitest'
import { openDevice } from './device.ts'
import { findGpu } from './find-gpu.ts'
import { useSoftwareAdapter } from './software.fixture.ts'
import { chooseVariants } from './variants.ts'

beforeAll(() => useSoftwareAdapter())

/** A device that takes some text of shaders for other text. */
async function deviating(...changes: readonly (readonly [string, string])[]): Promise<GPUDevice> {
  const device = await openDevice()
  const create = device.createShaderModule.bind(device)
  device.createShaderModule = (descriptor) =>
    create({ ...descriptor, code: changes.reduce((code, [from, to]) => code.replaceAll(from, to), descriptor.code) })
  return device
}

const halves = ['* 256.0', '* 255.0'] as const
const arithmetic = ['2.0 * shifted', '1.0 * shifted'] as const
const integers = ['subnormal(magnitude, 103u)', 'subnormal(magnitude, 102u)'] as const

it('a good device has what is fastest', async () => {
  expect(await chooseVariants(await openDevice())).toEqual({
    code_quads: 'code_quads_half',
    reduce_workgroup: 'reduce_subgroup',
  })
})

it('a device that converts halves wrongly computes codes, and where that is wrong too has them by integers', async () => {
  expect(await chooseVariants(await deviating(halves))).not.toHaveProperty('code_quads')
  expect(await chooseVariants(await deviating(halves, arithmetic))).toMatchObject({
    code_values: 'code_values_integer',
  })
})

it.each([
  ['adds up across subgroups wrongly', ['index / lanes * parts', '0u']],
  ['adds up subgroups wrongly', ['subgroupAdd(v)', 'v']],
  ['does not compile subgroups', ['subgroupAdd(v)', 'subgroupAdd()']],
] as const)('a device that %s has sums in workgroup memory', async (_, change) => {
  expect(await chooseVariants(await deviating(change))).not.toHaveProperty('reduce_workgroup')
})

it('a device without subgroups has sums in workgroup memory', async () => {
  const adapter = await (await findGpu()).requestAdapter()
  const device = await adapter!.requestDevice()
  expect(await chooseVariants(device)).not.toHaveProperty('reduce_workgroup')
})

it('where nothing is right, the adapter and the first wrong code are named', async () => {
  const device = await deviating(halves, arithmetic, integers)
  await expect(chooseVariants(device)).rejects.toThrow(
    /on the adapter google .*code_quads_half: code 0x1 of F8_E4M3 .*; code_values: code 0x0 of F8_E4M3 is -0.0078125, expected 0; code_values_integer: code 0x1 of F16 is 2.98.*e-8, expected 5.96.*e-8\); update its driver/,
  )
})
