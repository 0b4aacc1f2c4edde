import { uniform, type Candidates } from '@tramontane/core'
import { beforeAll, describe, expect, it } from 'vitest'
import { openDevice } from './device.ts'
import { Recorder } from './recorder.ts'
import { useSoftwareAdapter } from './software.fixture.ts'
import { candidatesFrom, greedyTokens, Top, type Extract } from './top.ts'

let recorder: Recorder
beforeAll(async () => {
  useSoftwareAdapter()
  recorder = await Recorder.on(await openDevice())
})

/** Rows of bits of float32, all of one length, with numbers between them that are nobody's business. */
function place(rows: readonly Uint32Array[], most = rows.length, gap = 3): Top {
  const V = rows[0].length
  const stride = V + gap
  const [buffer] = [rows.length * stride * 4].map((size) =>
    recorder.create((device) => device.createBuffer({ size, usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST })),
  )
  const all = new Uint32Array(rows.length * stride).fill(0x7f7fffff)
  rows.forEach((row, i) => all.set(row, i * stride))
  recorder.write(buffer, all)
  return new Top(recorder, { buffer, rows: most, stride, vocabulary: V })
}

async function read({ buffer, offset, size }: Extract): Promise<Uint32Array> {
  const all = await recorder.read(buffer, offset + size)
  return new Uint32Array(all.buffer, offset)
}

async function greedy(top: Top, rows: readonly number[]): Promise<number[]> {
  return greedyTokens(await read(top.greedy(rows)), rows.length)
}

async function largest(top: Top, rows: readonly number[], k: number): Promise<Candidates[]> {
  return candidatesFrom(await read(top.largest(rows, k)), rows.length, k)
}

const bitsOf = (values: ArrayLike<number>) => new Uint32Array(Float32Array.from(values).buffer)

/** The slow twin, on the exact values in float64. */
function sorted(row: Uint32Array): { readonly values: Float64Array; readonly order: number[] } {
  const values = Float64Array.from(new Float32Array(row.buffer, row.byteOffset, row.length))
  const order = [...values.keys()].sort((a, b) => (values[a] === values[b] ? a - b : values[b] < values[a] ? -1 : 1))
  return { values, order }
}

/**
 * How far log Σ e^(z − max) may be off: WGSL's exp is exact to 3 + 2·|x| units of 2⁻²³ relative, the difference
 * that it is taken of to 2⁻²⁴ of itself, and a sum of n numbers in any order to n − 1 roundings; twice for two levels.
 */
function sumBound(values: Float64Array, max: number): { readonly sum: number; readonly error: number } {
  let [sum, error] = [0, 0]
  for (const z of values) {
    const x = z - max
    const term = Math.exp(x)
    sum += term
    // Below −87 a term counts as 0.
    error += x < -86 ? term : term * 2 * (3 + 3 * Math.abs(x)) * 2 ** -23
  }
  return { sum, error: error + sum * 2 * 40 * 2 ** -24 }
}

async function check(rows: readonly Uint32Array[], ks: readonly number[]): Promise<void> {
  const top = place(rows)
  const all = [...rows.keys()]
  const twins = rows.map(sorted)
  expect(await greedy(top, all)).toEqual(twins.map(({ order }) => order[0]))
  for (const k of ks) {
    const found = await largest(top, all, k)
    for (const [i, { tokens, logits, logSumExp }] of found.entries()) {
      const { values, order } = twins[i]
      const first = order.slice(0, k)
      expect([...tokens]).toEqual(first)
      expect(logits.every((logit, n) => logit === values[first[n]])).toBe(true)
      const max = values[order[0]]
      if (!Number.isFinite(max)) {
        expect(logSumExp).toBe(max)
        continue
      }
      const { sum, error } = sumBound(values, max)
      expect(Math.abs(Math.exp(logSumExp - max) - sum)).toBeLessThanOrEqual(error)
    }
  }
  top.destroy()
}

/** Numbers of about the size of logits, that repeat after so many; different for each seed. */
const logits = (V: number, seed: number, different = V) =>
  bitsOf(Array.from({ length: V }, (_, i) => 8 * Math.tan(uniform(seed, i % different) - 0.5) - 2))

const kinds: [string, (V: number) => Uint32Array][] = [
  ['like logits', (V) => logits(V, 1)],
  ['with equals', (V) => logits(V, 2, 37)],
  ['all equal', (V) => bitsOf(Array.from({ length: V }, () => -3.25))],
  ['zeros of both signs', (V) => bitsOf(Array.from({ length: V }, (_, i) => (i % 3 === 0 ? 0 : -0)))],
  ['negative', (V) => bitsOf(Array.from({ length: V }, (_, i) => -1e-3 - ((i * 7919) % V)))],
  ['rising', (V) => bitsOf(Array.from({ length: V }, (_, i) => i / 64))],
  ['falling', (V) => bitsOf(Array.from({ length: V }, (_, i) => -i / 64))],
  ['huge', (V) => bitsOf(Array.from({ length: V }, (_, i) => 3e38 * Math.sin(i)))],
  ['subnormal', (V) => Uint32Array.from({ length: V }, (_, i) => ((i * 31) % V) | (i % 2 ? 0x80000000 : 0))],
  ['nearly all −∞', (V) => bitsOf(Array.from({ length: V }, (_, i) => (i % 50 === 7 ? i % 11 : -Infinity)))],
  ['−∞', (V) => bitsOf(Array.from({ length: V }, () => -Infinity))],
  ['with ∞', (V) => bitsOf(Array.from({ length: V }, (_, i) => (i % 90 === 5 ? Infinity : i % 11)))],
  // All of the best where one invocation finds them.
  ['of one invocation', (V) => bitsOf(Array.from({ length: V }, (_, i) => (i % 256 === 3 ? 50 + (i % 1024) : i % 7)))],
]

describe('as sorting says', () => {
  it.each(kinds)('%s', (_, row) => check([row(5000)], [1, 2, 40, 64]))

  it.each([1, 2, 63, 64, 97, 255, 257, 1024, 1025, 32768, 49152, 131072])('%i tokens', (V) =>
    check([logits(V, 3), logits(V, 4, Math.ceil(V / 3))], [1, 5, 64]),
  )

  // 16 items an invocation, of which those of 63 are above the bound.
  it('as many left to be put in order as there can be', () =>
    check([bitsOf(Array.from({ length: 262144 }, (_, i) => (i % 256 < 63 ? 6 : i % 256 === 63 ? 5 : 0)))], [64]))
})

describe('rows', () => {
  it('in any order, some of them, more than fit into one dispatch', async () => {
    const rows = Array.from({ length: 60 }, (_, i) => logits(300, 100 + i))
    const top = place(rows)
    const wanted = Array.from({ length: 60 }, (_, i) => (i * 7 + 3) % 60)
    const order = wanted.map((row) => sorted(rows[row]).order)
    expect(await greedy(top, wanted)).toEqual(order.map(([best]) => best))
    expect(await greedy(top, [9])).toEqual([sorted(rows[9]).order[0]])
    for (const k of [64, 3]) {
      const found = await largest(top, wanted, k)
      expect(found.map(({ tokens }) => [...tokens])).toEqual(order.map((all) => all.slice(0, k)))
    }
    expect(await greedy(top, [])).toEqual([])
  })

  it('what was drawn lies there until the fourth draw after it', async () => {
    const rows = [logits(300, 1), logits(300, 2)]
    const top = place(rows)
    const best = rows.map((row) => sorted(row).order[0])
    const first = top.greedy([0, 1])
    for (let i = 0; i < 3; i++) top.greedy([1, 0])
    expect(greedyTokens(await read(first), 2)).toEqual(best)
    expect(top.greedy([1, 0]).offset).toBe(first.offset)
    expect(greedyTokens(await read(first), 2)).toEqual(best.toReversed())
  })
})

describe('a NaN', () => {
  it.each([0x7fc00000, 0xffc00000, 0x7f800001, 0xffffffff])('%i is told, the first of several', async (bits) => {
    const row = logits(3000, 5)
    for (const id of [2999, 1500, 1234]) row[id] = bits
    const top = place([logits(3000, 6), row])
    const message = 'logits: the value of token 1234 is not a number'
    await expect(greedy(top, [0, 1])).rejects.toThrow(message)
    await expect(largest(top, [0, 1], 3)).rejects.toThrow(message)
    expect(await greedy(top, [0])).toEqual([sorted(logits(3000, 6)).order[0]])
    row.fill(0)
    row[0] = bits
    await expect(greedy(place([row]), [0])).rejects.toThrow('token 0 is not a number')
  })
})

it('a vocabulary that is too large is refused', () => {
  const buffer = {} as GPUBuffer
  expect(() => new Top(recorder, { buffer, rows: 1, stride: 262145, vocabulary: 262145 })).toThrow('at most 262144')
})
