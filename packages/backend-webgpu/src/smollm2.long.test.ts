import { judgeText, loadSmollm2 } from '@tramontane/conformance'
import { precisions } from '@tramontane/conformance/bound'
import type { Program } from '@tramontane/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { useSoftwareAdapter } from './software.fixture.ts'
import { webgpu } from './webgpu.ts'

let program: Program
beforeAll(async () => {
  useSoftwareAdapter()
  program = await loadSmollm2(await webgpu())
})
afterAll(() => program.dispose())

describe('SmolLM2 on webgpu: logits within the bound, the most likely token wherever that is decidable', () => {
  it.each(['code', 'script', 'long'])('%s', async (text) => {
    const { positions, decidable } = await judgeText(program, text, precisions.webgpu)
    expect(decidable).toBeGreaterThan(0.9 * positions)
  })
})
