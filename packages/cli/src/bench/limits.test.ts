import { expect, it } from 'vitest'
import { chains, multiplyAdd, touchLines } from './limit-loops.ts'
import { bufferSize, measureLimits } from './limits.ts'

const [MiB, GiB] = [2 ** 20, 2 ** 30]

it('touches every line of 64 bytes once', () => {
  const buffer = Float64Array.from({ length: 80 }, (_, i) => (i % 8 === 0 ? 1 : 1000))
  expect(touchLines(buffer)).toBe(10)
})

it('runs every chain', () => {
  // x ← x/2 + 1 from 0, 1, … 13: after one step the sum is 91/2 + 14, in the end every chain is at 2.
  expect(multiplyAdd(1, 0.5, 1)).toBe(59.5)
  expect(multiplyAdd(200, 0.5, 1)).toBe(2 * chains)
})

it('reads much more than the caches hold, but leaves most of the free memory alone', () => {
  expect(bufferSize(32 * MiB, 16 * GiB)).toBe(256 * MiB)
  expect(bufferSize(480 * MiB, 16 * GiB)).toBe(960 * MiB)
  expect(bufferSize(480 * MiB, 2 * GiB)).toBe(512 * MiB)
  expect(bufferSize(0, 1001) % 64).toBe(0)
})

it('gives numbers and says what they are', () => {
  const found = measureLimits(4 * MiB, 1e5)
  for (const rate of [found.bytesPerSecond, found.operationsPerSecond]) expect(rate > 0 && rate < 1e15).toBe(true)
  expect(found).toMatchObject({ kind: 'one JavaScript thread', stream: 'one double of every cache line of 4 MiB' })
})
