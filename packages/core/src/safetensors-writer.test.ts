import { readFile } from 'node:fs/promises'
import { describe, expect, test } from 'vitest'
import { blobSource } from './byte-source.ts'
import { decode } from './dtype.ts'
import { InputError } from './errors.ts'
import { openSafetensors } from './safetensors.ts'
import { safetensorsBytes, writeSafetensors } from './safetensors-writer.ts'
import { tensor, toBytes, type Spec, type Tensor } from './tensor.ts'

// Written by Python's safetensors 0.8.0: conformance/goldens/safetensors/make.py.
const golden = new URL('../../../conformance/goldens/safetensors/python.safetensors', import.meta.url)

async function join(chunks: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
  const parts: number[] = []
  for await (const chunk of chunks) parts.push(...chunk)
  return Uint8Array.from(parts)
}

describe('the file that Python wrote', async () => {
  const bytes = new Uint8Array(await readFile(golden))
  const file = await openSafetensors(blobSource(new Blob([bytes]), 'python.safetensors'))
  const tensors = new Map<string, Tensor>()
  for (const name of file.tensors.keys()) tensors.set(name, await file.read(name))
  const numbers = (name: string) => [...decode(tensors.get(name)!)]

  test('is what make.py says', () => {
    const accented = 'café "\\/\b\f\n\r\t\u0001\u007f\u2028'
    expect([...file.metadata]).toEqual([['origine', 'déjà "vu"']])
    expect([...file.tensors]).toEqual([
      ['i64', { dtype: 'I64', shape: [4] }],
      ['f64', { dtype: 'F64', shape: [2, 3] }],
      ['empty', { dtype: 'F32', shape: [0, 4] }],
      ['f32', { dtype: 'F32', shape: [3, 2] }],
      ['scalar', { dtype: 'F32', shape: [] }],
      ['i32', { dtype: 'I32', shape: [3] }],
      ['bf16', { dtype: 'BF16', shape: [3, 2] }],
      ['f16', { dtype: 'F16', shape: [3, 2] }],
      ['f8_e4m3', { dtype: 'F8_E4M3', shape: [16, 16] }],
      ['f8_e5m2', { dtype: 'F8_E5M2', shape: [4, 8, 8] }],
      [accented, { dtype: 'I8', shape: [1] }],
      ['i8', { dtype: 'I8', shape: [5] }],
      ['\ue000', { dtype: 'I8', shape: [1] }],
      ['😀', { dtype: 'I8', shape: [1] }],
      ['u8', { dtype: 'U8', shape: [3] }],
    ])
    expect(numbers('f64')).toEqual([0.1, -0, Infinity, 1e-310, 2 ** 60, NaN])
    for (const name of ['f32', 'f16', 'bf16']) expect(numbers(name)).toEqual([-1.5, 0, 0.25, 1, 2, 448])
    const codes = Uint8Array.from({ length: 256 }, (_, code) => code)
    for (const name of ['f8_e4m3', 'f8_e5m2']) expect(tensors.get(name)!.data).toEqual(codes)
    expect([...tensors.get('i64')!.data]).toEqual([-(2n ** 63n), -1n, 2n ** 53n + 1n, 2n ** 63n - 1n])
    expect(numbers('i32')).toEqual([-(2 ** 31), -1, 2 ** 31 - 1])
    expect(numbers('i8')).toEqual([-128, -1, 0, 1, 127])
    expect(numbers('u8')).toEqual([0, 1, 255])
    expect([numbers('scalar'), numbers('empty')]).toEqual([[3.5], []])
    expect([numbers('😀'), numbers('\ue000'), numbers(accented)]).toEqual([[1], [2], [3]])
  })

  test('is what we write, byte for byte, whatever order we have the tensors in', async () => {
    const reversed = new Map([...tensors].reverse())
    expect(safetensorsBytes(tensors, file.metadata)).toEqual(bytes)
    expect(safetensorsBytes(reversed, file.metadata)).toEqual(bytes)
    const streamed = writeSafetensors(new Map([...file.tensors].reverse()), (name) => file.read(name), file.metadata)
    expect(await join(streamed)).toEqual(bytes)
  })

  test('is what we write from pieces of tensors, which may share their memory', async () => {
    function* pieces(name: string) {
      const space = new Uint8Array(3)
      const all = toBytes(tensors.get(name)!)
      for (let at = 0; at < all.length; at += 3) {
        space.set(all.subarray(at, at + 3))
        yield space.subarray(0, Math.min(3, all.length - at))
      }
    }
    expect(await join(writeSafetensors(file.tensors, pieces, file.metadata))).toEqual(bytes)
  })
})

describe('the writer', () => {
  const header = (bytes: Uint8Array) => new TextDecoder().decode(bytes.subarray(8))

  test('pads its header to a multiple of 8 and writes no empty metadata', () => {
    // As Python's safetensors 0.8.0: save({}) and save({"a": numpy.zeros(0, numpy.uint8)}).
    expect(header(safetensorsBytes(new Map()))).toBe('{}      ')
    expect(header(safetensorsBytes(new Map(), new Map()))).toBe('{}      ')
    const empty = safetensorsBytes(new Map([['a', tensor('U8', [0], new Uint8Array())]]))
    expect(header(empty)).toBe('{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}   ')
    expect(empty.subarray(0, 8)).toEqual(Uint8Array.of(56, 0, 0, 0, 0, 0, 0, 0))
  })

  test('keeps the order of metadata', () => {
    const metadata = new Map([
      ['b', '1'],
      ['a', '2'],
      ['1', ''],
    ])
    expect(header(safetensorsBytes(new Map(), metadata))).toBe('{"__metadata__":{"b":"1","a":"2","1":""}}       ')
  })

  test('copies a view, not the buffer under it', () => {
    const view = new Float32Array([1, 2, 3]).subarray(1, 2)
    const bytes = safetensorsBytes(new Map([['a', tensor('F32', [1], view)]]))
    expect(bytes.subarray(-4)).toEqual(new Uint8Array(Float32Array.of(2).buffer))
  })

  test('asks for one tensor at a time, in file order', async () => {
    const asked: string[] = []
    const one = tensor('U8', [1], Uint8Array.of(1))
    const entries = new Map<string, Spec>([
      ['b', one],
      ['a', one],
    ])
    const chunks = writeSafetensors(entries, async (name) => (asked.push(name), one))[Symbol.asyncIterator]()
    await chunks.next()
    expect(asked).toEqual([])
    await chunks.next()
    expect(asked).toEqual(['a'])
    await chunks.next()
    expect([asked, await chunks.next()]).toEqual([['a', 'b'], { done: true, value: undefined }])
  })

  const spec: Spec = { dtype: 'F32', shape: [2] }
  test.each([
    ['another dtype', tensor('I32', [2], new Int32Array(2)), 'found I32 [2] in 8 bytes'],
    ['another shape', tensor('F32', [2, 1], new Float32Array(2)), 'found F32 [2,1] in 8 bytes'],
    ['another length', { ...spec, data: new Float32Array(3) } as Tensor, 'found F32 [2] in 12 bytes'],
    ['another array', { ...spec, data: new Uint8Array(2) } as unknown as Tensor, 'found F32 [2] in 2 bytes'],
  ])('refuses a tensor of %s', async (_, value, message) => {
    const written = join(writeSafetensors(new Map([['a', spec]]), async () => value))
    await expect(written).rejects.toThrow(new InputError(`tensor "a": expected F32 [2], ${message}`))
  })

  test.each([7, 9])('refuses %d bytes in pieces for 8', async (length) => {
    const written = join(
      writeSafetensors(new Map([['a', spec]]), () => [new Uint8Array(4), new Uint8Array(length - 4)]),
    )
    await expect(written).rejects.toThrow(new InputError(`tensor "a": expected 8 bytes, found ${length}`))
  })

  test('refuses a tensor that contradicts itself', () => {
    const value: Tensor = { ...spec, dtype: 'F32', data: new Float32Array(3) }
    expect(() => safetensorsBytes(new Map([['a', value]]))).toThrow(InputError)
  })

  test.each([
    ['__metadata__', spec, 'expected a name that is not reserved, found "__metadata__"'],
    ['__proto__', spec, 'expected a name that is not reserved, found "__proto__"'],
    ['\ud800', spec, 'expected text without half of a surrogate pair, found "\\ud800"'],
    ['a', { dtype: 'F31', shape: [2] }, 'tensor "a": expected a dtype of I64, F64'],
    ['a', { dtype: 'F32', shape: [-2] }, 'tensor "a": expected whole sizes from 0, found "[-2]"'],
    ['a', { dtype: 'F32', shape: [0.5] }, 'tensor "a": expected whole sizes from 0, found "[0.5]"'],
    ['a', { dtype: 'F32', shape: [2 ** 52] }, 'tensor "a": expected fewer than 2^53 bytes'],
  ])('refuses entry %j %j', async (name, entry, message) => {
    const written = join(writeSafetensors(new Map([[name, entry as Spec]]), () => Promise.reject(new Error())))
    await expect(written).rejects.toThrow(InputError)
    await expect(written).rejects.toThrow(message)
  })

  test('refuses more bytes than there are numbers for, a header too long, and metadata that cannot be held', async () => {
    const huge: Spec = { dtype: 'U8', shape: [2 ** 53 - 1] }
    const entries = new Map([
      ['a', huge],
      ['b', huge],
    ])
    const written = join(writeSafetensors(entries, () => Promise.reject(new Error())))
    await expect(written).rejects.toThrow(new InputError('safetensors: expected fewer than 2^53 bytes, found more'))
    const none = new Map<string, Tensor>()
    const long = new Map([['k', 'x'.repeat(100_000_000)]])
    expect(() => safetensorsBytes(none, long)).toThrow('expected a header of at most 100000000 bytes')
    expect(() => safetensorsBytes(none, new Map([['k', '\udc00']]))).toThrow(InputError)
    expect(() => safetensorsBytes(none, new Map([['__proto__', '']]))).toThrow(InputError)
  })
})
