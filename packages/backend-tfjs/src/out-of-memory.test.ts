import { goldenPath, openModel } from '@tramontane/conformance'
import { expect, it } from 'vitest'
import { onRuntime } from './on-runtime.ts'
import { realRuntimes } from './real-runtimes.fixture.ts'

it('a model that does not fit fails while it loads, says what to do, and leaves nothing', async () => {
  const { wasm: runtime } = await realRuntimes({ limit: 20_000 })
  const before = runtime.live()
  const { graph, weights, close } = await openModel(goldenPath('tiny/full'))
  await expect(onRuntime(runtime).load(graph, weights)).rejects.toThrow(/out of memory.*tfjs-node/)
  expect(runtime.live()).toBe(before)
  await close()
})

it('a sequence that grows too long fails alone: others go on, and closing it gives its memory back', async () => {
  const { graph, weights, close } = await openModel(goldenPath('tiny/full'))
  const before = (await realRuntimes()).wasm.live()
  const { wasm: runtime } = await realRuntimes({ limit: 400_000 })
  const program = await onRuntime(runtime).load(graph, weights)
  await close()
  const feed = (sequence: ReturnType<typeof program.open>, count: number): Promise<void> =>
    program.submit([{ sequence, tokens: new Int32Array(count).fill(3), logits: 'last' }]).done
  const [long, short] = [program.open(100_000), program.open(100)]
  await feed(short, 5)
  await expect(feed(long, 5000)).rejects.toThrow(/out of memory/)
  await feed(short, 5)
  expect(() => feed(long, 1)).toThrow(/out of memory/)
  long.truncate(0)
  await feed(long, 20)
  long.close()
  short.close()
  await program.dispose()
  expect(runtime.live()).toBe(before)
})

it('the packed copy of an operand counts once, a new view of the same numbers not at all, and all comes back', async () => {
  const n = 4 * 100 * 100
  const { wasm: r } = await realRuntimes({ limit: 2 * n + 1600 })
  const [x, weight] = [r.upload(new Float32Array(100), [1, 100]), r.upload(new Float32Array(n / 4), [100, 100])]
  const more = () => r.upload(new Float32Array(n / 4), [100, 100])
  r.free(more())
  for (let i = 0; i < 3; i++) {
    const view = r.reshape(weight, [10, 1000])
    r.free(r.matMul(x, weight))
    r.free(view)
  }
  expect(more).toThrow(/out of memory/)
  // As long as a view is left, so are its numbers.
  const view = r.reshape(weight, [1000, 10])
  r.free(weight)
  expect(more).toThrow(/out of memory/)
  r.free(view)
  const both = [more(), more()]
  for (const t of [x, ...both]) r.free(t)
})
