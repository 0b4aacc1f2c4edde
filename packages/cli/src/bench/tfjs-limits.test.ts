import { openRuntime } from '@tramontane/backend-tfjs'
import { expect, it } from 'vitest'
import { measureTfjs } from './tfjs-limits.ts'

it.each([
  ['tfjs-wasm', 'one thread of WebAssembly'],
  ['tfjs-cpu', "TensorFlow.js's kernels on one JavaScript thread"],
] as const)('%s gives numbers, says what they are, and leaves nothing', async (name, kind) => {
  const runtime = await openRuntime(name)
  const before = runtime.live()
  const found = await measureTfjs(name, { bytes: 2 ** 23, product: [16, 64, 32] })
  for (const rate of [found.bytesPerSecond, found.operationsPerSecond]) expect(rate > 0 && rate < 1e15).toBe(true)
  expect(found).toMatchObject({
    kind,
    // Two times 576 × 1536 numbers of 4 bytes are 6.75 MiB.
    stream: 'its product of a vector and 7 MiB of float32',
    arithmetic: 'its product of [16, 64] and [64, 32] in float32',
  })
  expect(runtime.live()).toBe(before)
})
