import fc from 'fast-check'
import { beforeAll, describe, expect, it } from 'vitest'
import { Chunks } from './chunked-cache.ts'
import type { TensorInfo } from './core-runtime.ts'
import { realRuntimes } from './real-runtimes.fixture.ts'
import type { Runtime } from './runtime.ts'

let runtime: Runtime<TensorInfo>
beforeAll(async () => {
  runtime = (await realRuntimes()).cpu
})

const d = 2

/** Numbers that tell which position, side and writer they are of. */
const key = (position: number, mark: number): number[] => [position + 0.25, mark]
const value = (position: number, mark: number): number[] => [mark, position + 0.5]

function append(chunks: Chunks<TensorInfo>, from: number, length: number, mark: number): void {
  const positions = Array.from({ length }, (_, i) => from + i)
  const columns = [0, 1].flatMap((i) => positions.map((position) => key(position, mark)[i]))
  const rows = positions.flatMap((position) => value(position, mark))
  const keys = [runtime.upload(Float32Array.from(columns), [d, length])]
  chunks.append({ from, length, keys, values: [runtime.upload(Float32Array.from(rows), [length, d])] })
}

/** Marks of the positions [first, to), after comparing everything else. */
async function marks(chunks: Chunks<TensorInfo>, first: number, to: number): Promise<number[]> {
  const found: number[] = []
  let next: number | undefined
  for (const { from, length, keys, values } of chunks.within(first, to)) {
    expect(next ?? from).toBe(from)
    next = from + length
    const [columns, rows] = [await runtime.download(keys[0]), await runtime.download(values[0])]
    for (let i = 0; i < length; i++) {
      const mark = columns[length + i]
      expect([columns[i], ...rows.slice(i * d, (i + 1) * d)]).toEqual([
        key(from + i, mark)[0],
        ...value(from + i, mark),
      ])
      if (from + i >= first) found.push(mark)
    }
  }
  return found
}

const action = fc.record({
  kind: fc.constantFrom('append', 'append', 'append', 'cut', 'forget', 'fork', 'close'),
  which: fc.nat(5),
  length: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 200 })),
  share: fc.double({ min: 0, max: 1, noNaN: true }),
})

describe('chunks of keys and values', () => {
  it('hold what was appended last at each position, whatever forks do, and leave nothing behind', async () => {
    const before = runtime.live()
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 5, maxLength: 60 }), async (actions) => {
        const open = [{ chunks: new Chunks(runtime), marks: [] as number[], first: 0 }]
        for (const [mark, { kind, which, length, share }] of actions.entries()) {
          const one = open[which % open.length]
          if (kind === 'append') {
            append(one.chunks, one.marks.length, length, mark)
            one.marks.push(...Array.from({ length }, () => mark))
          }
          if (kind === 'cut') {
            one.marks.length = one.first + Math.floor(share * (one.marks.length - one.first))
            one.chunks.keep(one.first, one.marks.length)
          }
          if (kind === 'forget') {
            one.first += Math.floor(share * (one.marks.length - one.first))
            one.chunks.keep(one.first, one.marks.length)
          }
          if (kind === 'fork') open.push({ chunks: one.chunks.fork(), marks: [...one.marks], first: one.first })
          if (kind === 'close' && open.length > 1) open.splice(open.indexOf(one), 1)[0].chunks.keep(0, 0)
        }
        for (const { chunks, marks: expected, first } of open) {
          expect(await marks(chunks, first, expected.length)).toEqual(expected.slice(first))
          chunks.keep(0, 0)
        }
        expect(runtime.live()).toBe(before)
      }),
      { seed: 6, numRuns: 60 },
    )
  })

  it('copy few positions for each one appended, and stay few', () => {
    let copied = 0
    const counting: Runtime<TensorInfo> = {
      ...runtime,
      concat(parts, axis) {
        const joined = runtime.concat(parts, axis)
        copied += joined.shape.reduce((a, b) => a * b, 1) / d / 2
        return joined
      },
    }
    const chunks = new Chunks(counting)
    const positions = 3000
    let most = 0
    for (let t = 0; t < positions; t++) {
      append(chunks, t, 1, 0)
      most = Math.max(most, chunks.within(0, t + 1).length)
    }
    expect(copied / positions).toBeLessThan(40)
    expect(copied / positions).toBeGreaterThan(10)
    expect(most).toBeLessThanOrEqual(16)
    chunks.keep(0, 0)
  })

  it('share what forks have in common, by bytes', () => {
    const chunks = new Chunks(runtime)
    append(chunks, 0, 100, 1)
    const alone = chunks.bytes
    expect(alone).toBe(100 * d * 2 * 4)
    const twin = chunks.fork()
    expect(chunks.bytes + twin.bytes).toBe(alone)
    twin.keep(0, 0)
    expect(chunks.bytes).toBe(alone)
    chunks.keep(0, 0)
  })
})
