import { describe, expect, it } from 'vitest'
import { Kernels } from './kernel.fixture.ts'
import { elementVariants, pageSize } from './pages.ts'
import { numbers, randomRows } from './products.fixture.ts'
import { groupsFor } from './recorder.ts'

const [u, pages] = [2 ** -24, 4]
/** Rows in an order that is not theirs in the pages. */
const slots = Uint32Array.of(3, 64, 65, 200, 127, 0, 255)

/** x, what a kernel left in its buffers, and what should be there with how far it may be off. */
function sides(d: number, H: number, G: number) {
  const T = slots.length
  const next = numbers(d)
  const half = d / 2
  const x = randomRows(T, (H + 2 * G) * d, next)
  const angles = Float32Array.from({ length: T * d }, next)
  const row = (t: number, head: number): number[] =>
    Array.from({ length: d }, (_, c) => x.data[t * x.stride + head * d + c])
  const turned = (t: number, head: number): { value: number; bound: number }[] => {
    const given = row(t, head)
    return given.map((number, c) => {
      const at = 2 * (t * half + (c % half))
      const [cos, sin] = [angles[at], angles[at + 1]]
      const [one, other] = [number * cos, (c < half ? -given[c + half] : given[c - half]) * sin]
      return { value: one + other, bound: 2 * u * (Math.abs(one) + Math.abs(other)) }
    })
  }
  return { T, x, angles, row, turned }
}

describe.each([8, 10, 12, 16, 36, 64, 128])('heads of %d', (d) => {
  const quads = Math.ceil(d / 4)
  const keyAt = (slot: number, G: number, g: number, c: number): number =>
    (((Math.floor(slot / pageSize) * G + g) * quads + Math.floor(c / 4)) * pageSize + (slot % pageSize)) * 4 + (c % 4)
  const valueAt = (slot: number, G: number, g: number, c: number): number =>
    ((Math.floor(slot / pageSize) * G + g) * pageSize + (slot % pageSize)) * quads * 4 + c

  it.each(['F32', 'F16'] as const)('turned queries, and keys and values in pages of %s', async (element) => {
    const [H, G] = [6, 2]
    const { T, x, angles, row, turned } = sides(d, H, G)
    const kernels = await Kernels.open(elementVariants[element])
    const store = new Uint8Array((element === 'F32' ? 4 : 2) * pages * G * quads * 4 * pageSize)
    const y = randomRows(T, H * d, () => 0)
    const { grid, across } = groupsFor(T * (H + 2 * G) * quads)
    const found = await kernels.run(
      { kernel: 'rope_append', constants: { kv_heads: G, head_size: d } },
      [store, store, x.data, angles, slots, y.data],
      [T, H, x.stride, y.stride, across],
      grid,
    )
    const numbersOf = (data: Float32Array): Float32Array | number[] =>
      element === 'F32' ? data : Array.from(new Uint16Array(data.buffer), halfValue)
    const [keys, values, query] = [numbersOf(found[0]), numbersOf(found[1]), found[5]]
    const seen = new Set<number>()
    for (const [t, slot] of slots.entries()) {
      for (let h = 0; h < H; h++) {
        for (const [c, { value, bound }] of turned(t, h).entries()) {
          expect(Math.abs(query[t * y.stride + h * d + c] - value)).toBeLessThanOrEqual(bound)
        }
      }
      for (let g = 0; g < G; g++) {
        for (const [c, { value, bound }] of turned(t, H + g).entries()) {
          const at = keyAt(slot, G, g, c)
          // A float16 has 11 bits, and below 2⁻¹⁴ steps of 2⁻²⁴.
          const rounding = element === 'F32' ? 0 : Math.max(2 ** -11 * Math.abs(value), 2 ** -25)
          expect(Math.abs(keys[at] - value)).toBeLessThanOrEqual(bound + rounding)
          const plain = row(t, H + G + g)[c]
          const stored = values[valueAt(slot, G, g, c)]
          if (element === 'F32') expect(stored).toBe(plain)
          else expect(Math.abs(stored - plain)).toBeLessThanOrEqual(Math.max(2 ** -11 * Math.abs(plain), 2 ** -25))
          seen.add(at)
        }
      }
    }
    // Nothing else was written: no other position, and nothing behind d.
    keys.forEach((key, at) => seen.has(at) || key === 0 || expect.fail(`number ${at} of the keys is ${key}`))
    expect(query.filter((_, at) => at % y.stride >= H * d).every((number) => number === 0)).toBe(true)
  })
})

/** What a float16 stands for. */
function halfValue(code: number): number {
  const [sign, exponent, mantissa] = [code >> 15 ? -1 : 1, (code >> 10) & 31, code & 1023]
  return sign * (exponent === 0 ? mantissa * 2 ** -24 : (1 + mantissa / 1024) * 2 ** (exponent - 15))
}
