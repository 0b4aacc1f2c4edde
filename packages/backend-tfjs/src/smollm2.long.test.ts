import { judgeText, loadSmollm2 } from '@tramontane/conformance'
import { precisions } from '@tramontane/conformance/bound'
import { expect, it } from 'vitest'
import { onRuntime } from './on-runtime.ts'
import { realRuntimes } from './real-runtimes.fixture.ts'

const cases = [
  ['cpu', 'english'],
  ['cpu', 'code'],
  ['cpu', 'script'],
  ['wasm', 'long'],
] as const

it.each(cases)(
  'SmolLM2 on tfjs-%s, %s: logits within the bound, the most likely token wherever that is decidable',
  async (name, text) => {
    const program = await loadSmollm2(onRuntime((await realRuntimes())[name]))
    const { positions, decidable } = await judgeText(program, text, precisions.f32)
    expect(decidable).toBeGreaterThan(0.9 * positions)
    await program.dispose()
  },
)
