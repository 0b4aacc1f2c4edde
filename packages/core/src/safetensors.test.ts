import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { blobSource, type ByteSource } from './byte-source.ts'
import { InputError } from './errors.ts'
import { openSafetensors } from './safetensors.ts'
import { safetensorsBytes } from './safetensors-writer.ts'
import { byteLength, dtypes, elements, fromBytes, tensor, toBytes, type DType, type Tensor } from './tensor.ts'

interface Counted extends ByteSource {
  readonly reads: [offset: number, length: number][]
  closed: number
}

/** A source that notes what is asked of it. */
function counted(bytes: Uint8Array): Counted {
  const source = blobSource(new Blob([bytes as Uint8Array<ArrayBuffer>]), 'file')
  const counting: Counted = {
    ...source,
    reads: [],
    closed: 0,
    read(offset, length) {
      counting.reads.push([offset, length])
      return source.read(offset, length)
    },
    async close() {
      counting.closed++
    },
  }
  return counting
}

const small = new Map<string, Tensor>([
  ['matrix', tensor('I32', [3, 2], Int32Array.of(1, 2, 3, 4, 5, 6))],
  ['half', tensor('BF16', [3], Uint16Array.of(0x3f80, 0x4000, 0xffff))],
  ['scalar', tensor('F64', [], Float64Array.of(0.5))],
  ['empty', tensor('F32', [0, 2], new Float32Array())],
  ['é', tensor('I64', [1], BigInt64Array.of(-1n))],
  ['byte', tensor('U8', [1], Uint8Array.of(7))],
])
const smallFile = safetensorsBytes(small, new Map([['k', 'v']]))
const dataStart = 8 + new DataView(smallFile.buffer).getUint32(0, true)

describe('openSafetensors', () => {
  test('reads the header alone, then each tensor with one read', async () => {
    const source = counted(smallFile)
    const file = await openSafetensors(source)
    expect(file.name).toBe('file')
    expect([...file.metadata]).toEqual([['k', 'v']])
    expect(file.tensors.get('matrix')).toEqual({ dtype: 'I32', shape: [3, 2] })
    expect(source.reads).toEqual([
      [0, 8],
      [8, dataStart - 8],
    ])
    source.reads.length = 0
    expect(await file.read('matrix')).toEqual(small.get('matrix'))
    // Ahead of it: "é", 8 bytes, and "scalar", 8 bytes.
    expect(source.reads).toEqual([[dataStart + 16, 24]])
    await file.close()
    expect(source.closed).toBe(1)
  })

  test('reads rows with one read of those rows', async () => {
    const source = counted(smallFile)
    const file = await openSafetensors(source)
    source.reads.length = 0
    expect(await file.read('matrix', { from: 1, to: 3 })).toEqual(tensor('I32', [2, 2], Int32Array.of(3, 4, 5, 6)))
    expect(source.reads).toEqual([[dataStart + 24, 16]])
    expect(await file.read('matrix', { from: 3, to: 3 })).toEqual(tensor('I32', [0, 2], new Int32Array()))
    expect(await file.read('empty', { from: 0, to: 0 })).toEqual(small.get('empty'))
  })

  test.each([
    ['nothing', undefined, 'tensor "nothing": expected a tensor of this file, found none'],
    ['__metadata__', undefined, 'tensor "__metadata__": expected a tensor of this file, found none'],
    ['constructor', undefined, 'tensor "constructor": expected a tensor of this file, found none'],
    ['scalar', { from: 0, to: 1 }, 'tensor "scalar": expected a tensor with rows, found a scalar'],
    ['matrix', { from: 0, to: 4 }, 'tensor "matrix": expected a range of its 3 rows, found [0, 4)'],
    ['matrix', { from: 2, to: 1 }, 'tensor "matrix": expected a range of its 3 rows, found [2, 1)'],
    ['matrix', { from: -1, to: 1 }, 'tensor "matrix": expected a range of its 3 rows, found [-1, 1)'],
    ['matrix', { from: 0.5, to: 1 }, 'tensor "matrix": expected a range of its 3 rows, found [0.5, 1)'],
    ['matrix', { from: 0, to: 1.5 }, 'tensor "matrix": expected a range of its 3 rows, found [0, 1.5)'],
    ['matrix', { from: NaN, to: 1 }, 'tensor "matrix": expected a range of its 3 rows, found [NaN, 1)'],
    ['empty', { from: 0, to: 1 }, 'tensor "empty": expected a range of its 0 rows, found [0, 1)'],
  ])('read(%j, %j) is refused before any byte is read', async (name, rows, message) => {
    const source = counted(smallFile)
    const file = await openSafetensors(source)
    source.reads.length = 0
    await expect(file.read(name, rows)).rejects.toThrow(new InputError(`file: ${message}`))
    expect(source.reads).toEqual([])
  })

  test('a length beyond the file is refused with nothing but the length read, and the source closed', async () => {
    const lying = smallFile.slice()
    new DataView(lying.buffer).setBigUint64(0, 99_999_999n, true)
    const source = counted(lying)
    await expect(openSafetensors(source)).rejects.toThrow('expected a header of at most')
    expect([source.reads, source.closed]).toEqual([[[0, 8]], 1])
  })

  test('a file too short for a length is refused', async () => {
    const opened = openSafetensors(counted(Uint8Array.of(2, 0, 0)))
    await expect(opened).rejects.toThrow(new InputError('file: expected 8 bytes at offset 0, found 3'))
  })
})

/** Any tensor of up to three axes, with any bytes. */
const anyTensor = fc
  .tuple(fc.constantFrom<DType[]>(...dtypes), fc.array(fc.nat({ max: 5 }), { maxLength: 3 }))
  .chain(([dtype, shape]) => {
    const length = byteLength({ dtype, shape })
    return fc
      .uint8Array({ minLength: length, maxLength: length })
      .map((bytes) => fromBytes(dtype, shape, Uint8Array.from(bytes)))
  })
const reserved = ['__metadata__', '__proto__']
const anyText = fc.oneof(fc.string({ unit: 'binary' }), fc.string(), fc.constantFrom('constructor', '', '\ufeff'))
const anyName = anyText.filter((name) => !reserved.includes(name))
const anyFile = fc.record({
  tensors: fc.array(fc.tuple(anyName, anyTensor), { maxLength: 6 }).map((entries) => new Map(entries)),
  metadata: fc.array(fc.tuple(anyName, anyText), { maxLength: 3 }).map((entries) => new Map(entries)),
})

/** Same dtype, shape and bytes; NaN payloads and signs count. */
function expectSame(found: Tensor, expected: Tensor): void {
  expect([found.dtype, found.shape]).toEqual([expected.dtype, expected.shape])
  expect(toBytes(found)).toEqual(toBytes(expected))
}

describe('any tensors', () => {
  test('are read as they were written', async () => {
    await fc.assert(
      fc.asyncProperty(anyFile, async ({ tensors, metadata }) => {
        const file = await openSafetensors(counted(safetensorsBytes(tensors, metadata)))
        expect(new Map(file.metadata)).toEqual(metadata)
        expect([...file.tensors.keys()].sort()).toEqual([...tensors.keys()].sort())
        for (const [name, expected] of tensors) expectSame(await file.read(name), expected)
      }),
      { seed: 1, numRuns: 300 },
    )
  })

  test('give rows that are slices of the whole', async () => {
    await fc.assert(
      fc.asyncProperty(anyTensor, fc.nat(), fc.nat(), async (expected, a, b) => {
        fc.pre(expected.shape.length > 0)
        const [rows, ...row] = expected.shape
        const [from, to] = [a % (rows + 1), b % (rows + 1)].sort((x, y) => x - y)
        const file = await openSafetensors(counted(safetensorsBytes(new Map([['a', expected]]))))
        const found = await file.read('a', { from, to })
        expect(found.shape).toEqual([to - from, ...row])
        const stride = elements(row)
        expect(toBytes(found)).toEqual(toBytes({ ...expected, data: expected.data.slice(from * stride, to * stride) }))
      }),
      { seed: 2, numRuns: 300 },
    )
  })
})

/**
 * Opens bytes that may be damaged and reads all they hold. Whatever happens must be an InputError or tensors that make
 * up the data of the file exactly, and no read may go beyond the file.
 */
async function probe(bytes: Uint8Array): Promise<ReadonlyMap<string, Tensor> | undefined> {
  const source = counted(bytes)
  try {
    const file = await openSafetensors(source)
    const tensors = new Map<string, Tensor>()
    for (const name of file.tensors.keys()) tensors.set(name, await file.read(name))
    const total = source.reads.reduce((sum, [, length]) => sum + length, 0)
    expect(total).toBe(bytes.length)
    return tensors
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    expect(error.message).toMatch(/^file: /)
    expect(error.message.length).toBeLessThan(1000)
    expect(source.closed).toBe(1)
    return undefined
  } finally {
    // The first 8 bytes are asked for unseen; all else must lie within the file.
    for (const [offset, length] of source.reads.slice(1)) expect(offset + length).toBeLessThanOrEqual(bytes.length)
  }
}

describe('a damaged file', () => {
  test('is refused when cut at any byte', async () => {
    for (let length = 0; length < smallFile.length; length++) {
      expect(await probe(smallFile.slice(0, length)), String(length)).toBeUndefined()
    }
    expect(await probe(smallFile)).toHaveProperty('size', small.size)
  })

  test('is refused with any byte more at its end', async () => {
    for (const byte of [0, 0x20, 0x7d]) expect(await probe(Uint8Array.of(...smallFile, byte))).toBeUndefined()
  })

  test('with any one byte of the small file changed to a telling one', async () => {
    const telling = [0, 0x20, 0x22, 0x2c, 0x2d, 0x2e, 0x30, 0x39, 0x5b, 0x5c, 0x5d, 0x65, 0x7b, 0x7d, 0x80, 0xff]
    for (let at = 0; at < dataStart; at++) {
      for (const byte of telling) await probe(smallFile.with(at, byte))
    }
  })

  test('with data changed gives the changed data, and with any other damage is refused or whole', async () => {
    const damage = fc.record({
      kind: fc.constantFrom('flip', 'insert', 'delete', 'cut'),
      at: fc.nat(),
      byte: fc.nat(255),
    })
    await fc.assert(
      fc.asyncProperty(anyFile, fc.array(damage, { minLength: 1, maxLength: 3 }), async (content, damages) => {
        const original = safetensorsBytes(content.tensors, content.metadata)
        const damaged = damages.reduce(applyDamage, original)
        const found = await probe(damaged)
        const start = 8 + new DataView(original.buffer).getUint32(0, true)
        const sameHeader =
          damaged.length === original.length && damaged.slice(0, start).join() === original.slice(0, start).join()
        if (!sameHeader) return
        const tensors = [...found!.values()].map((value) => [...toBytes(value)])
        expect(tensors.flat()).toEqual([...damaged.slice(start)])
      }),
      { seed: 3, numRuns: 3000 },
    )
  })
})

function applyDamage(bytes: Uint8Array, { kind, at, byte }: { kind: string; at: number; byte: number }): Uint8Array {
  if (bytes.length === 0) return bytes
  const place = at % bytes.length
  if (kind === 'flip') return bytes.with(place, byte)
  if (kind === 'insert') return Uint8Array.of(...bytes.subarray(0, place), byte, ...bytes.subarray(place))
  if (kind === 'delete') return Uint8Array.of(...bytes.subarray(0, place), ...bytes.subarray(place + 1))
  return bytes.slice(0, place)
}
