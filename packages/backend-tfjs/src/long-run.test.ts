import type { Program } from '@tramontane/core'
import { goldenPath, openModel, openNoise, playSchedule, rowError, type Action } from '@tramontane/conformance'
import { endToEndBound, precisions } from '@tramontane/conformance/bound'
import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import type { TensorInfo } from './core-runtime.ts'
import { most } from './kept.ts'
import { onRuntime } from './on-runtime.ts'
import { realRuntimes } from './real-runtimes.fixture.ts'
import type { Runtime } from './runtime.ts'

let runtimes: Record<'wasm' | 'cpu', Runtime<TensorInfo>>
beforeAll(async () => {
  runtimes = await realRuntimes()
})

async function load(runtime: Runtime<TensorInfo>, name: string): Promise<Program> {
  const { graph, weights, close } = await openModel(goldenPath(name))
  return onRuntime(runtime)
    .load(graph, weights)
    .finally(() => close())
}

it('a thousand steps of two sequences leave as many tensors as one', async () => {
  const { wasm } = runtimes
  const before = wasm.live()
  const program = await load(wasm, 'tiny/window')
  const sequences = [program.open(1024), program.open(1024)]
  const counts: number[] = []
  for (let step = 0; step < 1000; step++) {
    const feeds = sequences.map((sequence) => ({ sequence, tokens: Int32Array.of(step % 97), logits: 'last' as const }))
    await program.submit(feeds).done
    counts.push(wasm.live())
  }
  // A window of five keys: chunks come and go, at most one more than at first; masks are kept.
  const chunk = 2 * 2 * (2 * 2)
  expect(Math.max(...counts.slice(500)) - counts[0]).toBeLessThanOrEqual(2 * chunk + most.tensors)
  for (const sequence of sequences) sequence.close()
  await program.dispose()
  expect(wasm.live()).toBe(before)
})

const action = fc.record({
  kind: fc.constantFrom<Action['kind'][]>('open', 'feed', 'feed', 'feed', 'truncate', 'fork', 'close'),
  which: fc.nat(5),
  also: fc.nat(5),
  tokens: fc.array(fc.nat(96), { minLength: 1, maxLength: 90 }),
  share: fc.double({ min: 0, max: 1, noNaN: true }),
})

describe.each(['tiny/full', 'tiny/window', 'tiny/fp8'])('%s', (name) => {
  it('any schedule agrees with one pass over the whole text, within the bound', async () => {
    const program = await load(runtimes.wasm, name)
    const bound = 2 * endToEndBound(await openNoise(name), precisions.f32, 'logits')
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 4, maxLength: 16 }), (actions) =>
        playSchedule(program, 4000, actions, (found, expected) =>
          expect(rowError(found, expected)).toBeLessThanOrEqual(bound),
        ),
      ),
      { seed: 4, numRuns: 15 },
    )
    await program.dispose()
  })
})
