import { judgeText, loadSmollm2 } from '@tramontane/conformance'
import { precisions } from '@tramontane/conformance/bound'
import type { Program } from '@tramontane/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { useSoftwareAdapter } from './software.fixture.ts'
import { webgpu } from './webgpu.ts'

let program: Program
// The other texts take minutes on a processor: smollm2.long.test.ts.
beforeAll(async () => {
  useSoftwareAdapter()
  program = await loadSmollm2(await webgpu())
})
afterAll(() => program.dispose())

describe('SmolLM2 on webgpu: logits within the bound, the most likely token wherever that is decidable', () => {
  it('english', { timeout: 300_000 }, async () => {
    const { positions, decidable } = await judgeText(program, 'english', precisions.webgpu)
    expect(decidable).toBeGreaterThan(0.9 * positions)
  })
})
