import { expect, it } from 'vitest'
import { Kept, most } from './kept.ts'
import { maskOf } from './mask.ts'
import { realRuntimes } from './real-runtimes.fixture.ts'

const { cpu } = await realRuntimes()
const one = (): Float32Array => Float32Array.of(1)

it('makes a tensor once for each key, and frees all in the end', () => {
  const before = cpu.live()
  const kept = new Kept(cpu)
  const key = {}
  expect(kept.of(key, [1], one)).toBe(kept.of(key, [1], () => expect.fail('made again')))
  expect(kept.of({}, [1], one)).not.toBe(kept.of(key, [1], one))
  expect(cpu.live()).toBe(before + 2)
  kept.dispose()
  expect(cpu.live()).toBe(before)
})

it('lets go what went unused for longest, by count and by size, but never the last two', () => {
  const before = cpu.live()
  const kept = new Kept(cpu)
  for (let i = 0; i < 3 * most.tensors; i++) kept.of(i % most.tensors, [1], one)
  expect(cpu.live()).toBe(before + most.tensors)
  kept.of(0, [1], one)
  kept.of('new', [1], one)
  kept.of(0, [1], () => expect.fail('0 was used a moment ago'))
  let made = 0
  kept.of(1, [1], () => Float32Array.of(++made))
  expect([made, cpu.live()]).toEqual([1, before + most.tensors])
  const large = [most.numbers + 1]
  const first = kept.of('first', large, () => new Float32Array(large[0]))
  kept.of('second', large, () => new Float32Array(large[0]).fill(2))
  expect(cpu.live()).toBe(before + 2)
  expect((cpu.download(first) as Float32Array)[0]).toBe(0)
  kept.dispose()
  expect(cpu.live()).toBe(before)
})

it.each([
  ['a prompt', 4, 6, 6, 4, 2, null],
  ['its second block', 0, 9, 6, 3, 1, null],
  ['a window', 2, 9, 6, 5, 3, 4],
  ['a window of one key', 2, 9, 6, 5, 1, 1],
  ['keys that all see', 0, 6, 6, 1, 2, null],
  ['a chunk before all windows', 0, 3, 9, 2, 1, 4],
] as const)('a mask of %s hides what is ahead or left the window', (_, from, length, first, count, group, window) => {
  const kept = new Kept(cpu)
  const mask = maskOf(kept, { from, length }, first, count, group, window)
  const visible = (i: number, j: number): boolean => j <= i && j > i - (window ?? Infinity)
  const rows = Array.from({ length: count * group }, (_, row) => first + Math.floor(row / group))
  const expected = rows.flatMap((i) => Array.from({ length }, (_, k) => (visible(i, from + k) ? 0 : -1e30)))
  const found = mask === null ? expected.map(() => 0) : [...(cpu.download(mask) as Float32Array)]
  expect(found.map((x) => (x < -1e29 ? -1e30 : x))).toEqual(expected)
  kept.dispose()
})

it('masks of other groups and windows are others', () => {
  const kept = new Kept(cpu)
  const mask = (group: number, window: number | null) => maskOf(kept, { from: 0, length: 9 }, 6, 3, group, window)
  expect(mask(2, 4)).toBe(mask(2, 4))
  const all = [mask(1, null), mask(2, null), mask(1, 4), mask(2, 4), mask(2, 5)]
  expect(new Set(all).size).toBe(all.length)
  kept.dispose()
})
