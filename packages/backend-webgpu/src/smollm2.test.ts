import { judgeText, loadSmollm2 } from '@tramontane/conformance'
import { precisions } from '@tramontane/conformance/bound'
import { byteLength, type Program } from '@tramontane/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { countingDevice, type CountingDevice } from './lean.fixture.ts'
import { pageSize } from './pages.ts'
import { useSoftwareAdapter } from './software.fixture.ts'
import { webgpu } from './webgpu.ts'

let counting: CountingDevice
let program: Program
// The other texts take minutes on a processor: smollm2.long.test.ts.
beforeAll(async () => {
  useSoftwareAdapter()
  counting = await countingDevice()
  program = await loadSmollm2(await webgpu(counting.device))
})
afterAll(() => program.dispose())

describe('SmolLM2 on webgpu: logits within the bound, the most likely token wherever that is decidable', () => {
  it('english', { timeout: 300_000 }, async () => {
    const { positions, decidable } = await judgeText(program, 'english', precisions.webgpu)
    expect(decidable).toBeGreaterThan(0.9 * positions)
  })

  it('the device holds the checkpoint, keys and values, and at most 5 % more', () => {
    const checkpoint = Object.values(program.graph.weights).reduce(
      (sum, { dtype, shape }) => sum + byteLength({ dtype, shape }),
      0,
    )
    // Four pages are the fewest.
    const cache = 4 * pageSize * program.usage().position
    expect(counting.bytes()).toBeGreaterThan(checkpoint + cache)
    expect(counting.bytes()).toBeLessThanOrEqual(1.05 * checkpoint + cache)
  })
})
