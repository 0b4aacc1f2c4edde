import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { decode, decodeCode, decodeInto, decodeTable, encode, encodeCode } from './dtype.ts'
import type { Overflow } from './float-format.ts'
import { fromBytes, tensor } from './tensor.ts'

// Expected values by PyTorch and ml_dtypes, which agree on all of them: conformance/goldens/dtype/make.py.
const goldens = new URL('../../../conformance/goldens/dtype/', import.meta.url)
const golden = (name: string) => JSON.parse(readFileSync(new URL(name, goldens), 'utf8'))
const tables: Record<string, (number | string)[]> = golden('tables.json')
const digests: {
  block: number
  inputs: string[]
  encode: Record<string, string[]>
  decode: Record<string, string[]>
} = golden('digests.json')

type Small = 'F16' | 'BF16' | 'F8_E4M3' | 'F8_E5M2'

/** SHA-256 of each block of values, cut to 16 hexadecimal digits. */
function blockDigests(values: Float64Array | Uint32Array | Uint16Array | Uint8Array): string[] {
  const out: string[] = []
  for (let i = 0; i < values.length; i += digests.block) {
    const part = values.subarray(i, i + digests.block)
    const bytes = new Uint8Array(part.buffer, part.byteOffset, part.byteLength)
    out.push(createHash('sha256').update(bytes).digest('hex').slice(0, 16))
  }
  return out
}

/** A million float32 patterns; the recipe is told in conformance/goldens/dtype/inputs.py. */
function inputPatterns(): Uint32Array {
  const half = 2 ** 18
  const out = Uint32Array.from({ length: 1_000_000 }, (_, i) => mix(i))
  for (let i = half; i < 2 * half; i++) out[i] = (out[i] & 0x807fffff) | ((100 + (((out[i] >>> 23) & 0xff) % 48)) << 23)
  out.set([...gridPatterns(), ...specialPatterns], 2 * half)
  return out
}

function mix(counter: number): number {
  let h = counter ^ (counter >>> 16)
  h = Math.imul(h, 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** Mantissa bits, bias, largest finite code, step through the half-codes: e4m3, e5m2, f16, bf16. */
const grids = [
  [3, 7, 0x7e, 1],
  [2, 15, 0x7b, 1],
  [10, 15, 0x7bff, 2],
  [7, 127, 0x7f7f, 2],
] as const

function gridPatterns(): number[] {
  const out: number[] = []
  for (const [mantissa, bias, largest, step] of grids) {
    for (let h = step - 1; h < 2 * largest + 4; h += step) {
      const bits = halfCode(mantissa + 1, bias, h)
      for (const ulp of [-1, 0, 1]) out.push((bits + ulp) >>> 0, ((bits + ulp) | 0x80000000) >>> 0)
    }
  }
  return out
}

/** float32 pattern of a code of the same format with one more bit of mantissa, `m` in all. */
function halfCode(m: number, bias: number, h: number): number {
  if (h === 0) return 0
  if (h >> m !== 0 || bias === 127) return (h << (23 - m)) + ((127 - bias) << 23)
  const top = 31 - Math.clz32(h)
  return ((top + 1 - bias - m + 127) << 23) | ((h << (23 - top)) & 0x7fffff)
}

const specialPatterns = [
  [0x00000000, 0x80000000, 0x7f800000, 0xff800000, 0x7fc00000, 0xffc00000, 0x7f800001, 0xff800001, 0x7fffffff],
  [0x00000001, 0x80000001, 0x007fffff, 0x807fffff, 0x00800000, 0x80800000, 0x7f7fffff, 0xff7fffff],
].flat()

const patterns = inputPatterns()
const inputs = new Float32Array(patterns.buffer)

describe('decoding', () => {
  it.each(['F8_E4M3', 'F8_E5M2'] as const)('knows all 256 codes of %s', (dtype) => {
    expect([...decodeTable(dtype)]).toEqual(tables[dtype].map(Number))
    expect(tables[dtype].map((_, code) => decodeCode(dtype, code))).toEqual(tables[dtype].map(Number))
  })

  it.each(['F16', 'BF16'] as const)('knows all 65,536 codes of %s', (dtype) => {
    const codes = Uint16Array.from({ length: 65_536 }, (_, code) => code)
    const numbers = decode(tensor(dtype, [256, 256], codes))
    const words = new BigUint64Array(numbers.buffer)
    numbers.forEach((value, i) => Number.isNaN(value) && (words[i] = 0x7ff8000000000000n))
    expect(blockDigests(numbers)).toEqual(digests.decode[dtype])
  })

  it('reads a range of elements of every dtype', () => {
    const cases = [
      fromBytes('F64', [3], new Uint8Array(Float64Array.of(9, -0.1, 2 ** 60).buffer)),
      fromBytes('F32', [3], new Uint8Array(Float32Array.of(9, -0.5, 2 ** 60).buffer)),
      tensor('I64', [3], BigInt64Array.of(9n, -3n, 2n ** 53n)),
      tensor('I32', [3], Int32Array.of(9, -3, 2 ** 31 - 1)),
      tensor('I8', [3], Int8Array.of(9, -3, 127)),
      tensor('U8', [3], Uint8Array.of(9, 0, 255)),
      tensor('F8_E4M3', [3], Uint8Array.of(0x51, 0x80, 0x7e)),
    ]
    const out = new Float64Array(2)
    const read = cases.map((value) => (decodeInto(out, value, { from: 1, to: 3 }), [...out]))
    expect(read).toEqual([
      [-0.1, 2 ** 60],
      [-0.5, 2 ** 60],
      [-3, 2 ** 53],
      [-3, 2 ** 31 - 1],
      [-3, 127],
      [0, 255],
      [-0, 448],
    ])
  })
})

describe('encoding', () => {
  it('regenerates the inputs', () => {
    expect(blockDigests(patterns)).toEqual(digests.inputs)
  })

  it.each(Object.keys(digests.encode))('gives the codes of PyTorch and ml_dtypes for a million numbers: %s', (name) => {
    const [dtype, overflow] = name.split(' ') as [Small, Overflow]
    const { data } = encode(dtype, [inputs.length], inputs, overflow)
    expect(blockDigests(data as Uint16Array | Uint8Array)).toEqual(digests.encode[name])
  })

  it('keeps F32 and F64 as numbers, F32 rounded', () => {
    expect(encode('F32', [2], [0.1, -0]).data).toEqual(Float32Array.of(0.1, -0))
    expect(encode('F64', [2], [0.1, -0]).data).toEqual(Float64Array.of(0.1, -0))
  })

  it('overflows as the format does unless it is told to saturate', () => {
    expect(encode('F8_E4M3', [2], [1e3, -1e3]).data).toEqual(Uint8Array.of(0x7f, 0xff))
    expect(encode('F8_E4M3', [2], [1e3, -1e3], 'saturate').data).toEqual(Uint8Array.of(0x7e, 0xfe))
    expect([encodeCode('F8_E5M2', 1e6, 'nan'), encodeCode('F8_E5M2', 1e6, 'saturate')]).toEqual([0x7c, 0x7b])
  })
})
