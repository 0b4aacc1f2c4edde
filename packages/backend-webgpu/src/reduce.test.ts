import { expect, it } from 'vitest'
import { Kernels } from './kernel.fixture.ts'
import { sumsOf } from './variants.ts'

const widths = [1, 2, 4, 8, 16, 32, 64, 128, 256]

it.each(['reduce_workgroup', 'reduce_subgroup'])('%s adds up neighbours, in groups of 1 to 256', async (variant) => {
  const kernels = await Kernels.open({ reduce_workgroup: variant })
  for (const lanes of widths) {
    const [found] = await kernels.run(
      { kernel: 'reduce_test', constants: { lanes } },
      [new Float32Array(2048)],
      [],
      [1],
    )
    expect([...found], `lanes ${lanes}`).toEqual(sumsOf(lanes))
  }
})
