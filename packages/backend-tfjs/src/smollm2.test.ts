import { judgeText, loadSmollm2 } from '@tramontane/conformance'
import { precisions } from '@tramontane/conformance/bound'
import type { Program } from '@tramontane/core'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { onRuntime } from './on-runtime.ts'
import { realRuntimes } from './real-runtimes.fixture.ts'

let program: Program
beforeAll(async () => {
  program = await loadSmollm2(onRuntime((await realRuntimes()).wasm))
})
afterAll(() => program.dispose())

describe('SmolLM2 on tfjs-wasm: logits within the bound, the most likely token wherever that is decidable', () => {
  it.each(['english', 'code', 'script'])('%s', async (text) => {
    const { positions, decidable } = await judgeText(program, text, precisions.f32)
    expect(decidable).toBeGreaterThan(0.9 * positions)
  })
})
