import type { Program } from '@tramontane/core'
import { goldenPath, openModel } from '@tramontane/conformance'
import { precisions } from '@tramontane/conformance/bound'
import { schedulesAgree } from '@tramontane/conformance/schedules.fixture'
import { beforeAll, expect, it } from 'vitest'
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

it.each(['tiny/full', 'tiny/window', 'tiny/fp8'])(
  '%s: any schedule agrees with one pass over the whole text, within the bound',
  (name) => schedulesAgree(onRuntime(runtimes.wasm), name, precisions.f32, 15),
)
