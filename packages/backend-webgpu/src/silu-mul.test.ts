import { expect, it } from 'vitest'
import { Kernels } from './kernel.fixture.ts'
import { numbers, randomRows } from './products.fixture.ts'
import { groupsFor } from './recorder.ts'

it.each([1, 7, 64, 300])('silu of the first %d columns times the others', async (F) => {
  const kernels = await Kernels.open()
  const T = 5
  const next = numbers(F)
  // Of all sizes: e⁻ˣ is beyond float32 for the smallest.
  const x = randomRows(T, 2 * F, () => 100 * next() ** 3)
  const y = randomRows(T, F, () => 0)
  const { grid, across } = groupsFor(T * F, 256)
  const params = [T, F, x.stride, y.stride, across]
  const [, found] = await kernels.run({ kernel: 'silu_mul' }, [x.data, y.data], params, grid)
  for (let t = 0; t < T; t++) {
    for (let f = 0; f < y.stride; f++) {
      const [gate, up] = f < F ? [x.data[t * x.stride + f], x.data[t * x.stride + F + f]] : [0, 0]
      const expected = (gate / (1 + Math.exp(-gate))) * up
      // WGSL: eˣ within 3 + 2·|x| units in the last place, of x / 2 twice; a quotient within 2.5; a sum and three products. What is
      // below 2⁻¹²⁶ may be 0.
      const units = 6 + 2 * Math.abs(gate) + 2.5 + 4
      const bound = units * 2 ** -23 * Math.abs(expected) + 2 ** -126 * (1 + Math.abs(up))
      expect(Math.abs(found[t * y.stride + f] - expected), `${gate} · ${up}`).toBeLessThanOrEqual(bound)
    }
  }
})
