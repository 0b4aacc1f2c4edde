import { describe, expect, test } from 'vitest'
import { blobFolder, type Folder } from './byte-source.ts'
import { openCheckpoint } from './checkpoint.ts'
import { InputError } from './errors.ts'
import { safetensorsBytes } from './safetensors-writer.ts'
import { tensor } from './tensor.ts'

/** A shard of U8 vectors of length 2. */
function shard(...names: string[]): Blob {
  const tensors = new Map(names.map((name, i) => [name, tensor('U8', [2], Uint8Array.of(i, 9))]))
  return new Blob([safetensorsBytes(tensors) as Uint8Array<ArrayBuffer>])
}

function index(weightMap: Record<string, string>): Blob {
  return new Blob([JSON.stringify({ metadata: { total_size: 6 }, weight_map: weightMap })])
}

/** A folder that counts what is open. */
function folder(files: Record<string, Blob>): Folder & { open: Folder['open']; count: () => number } {
  const inner = blobFolder(new Map(Object.entries(files)), 'model')
  let count = 0
  return {
    ...inner,
    count: () => count,
    async open(path) {
      const source = await inner.open(path)
      count++
      return { ...source, close: async () => void count-- }
    },
  }
}

const indexFile = 'model.safetensors.index.json'
const sharded = {
  [indexFile]: index({ a: '1.safetensors', b: '2.safetensors', c: '1.safetensors' }),
  '1.safetensors': shard('a', 'c'),
  '2.safetensors': shard('b'),
}

describe('openCheckpoint', () => {
  test('one file', async () => {
    const files = folder({ 'model.safetensors': shard('a', 'b') })
    const checkpoint = await openCheckpoint(files)
    expect(checkpoint.name).toBe('model')
    expect([...checkpoint.tensors]).toEqual([
      ['a', { dtype: 'U8', shape: [2] }],
      ['b', { dtype: 'U8', shape: [2] }],
    ])
    expect(checkpoint.shard('b')).toBe('model.safetensors')
    expect(await checkpoint.read('b')).toEqual(tensor('U8', [2], Uint8Array.of(1, 9)))
    await checkpoint.close()
    expect(files.count()).toBe(0)
  })

  test('several files, which the index puts before model.safetensors', async () => {
    const files = folder({ ...sharded, 'model.safetensors': shard('old') })
    const checkpoint = await openCheckpoint(files)
    expect([...checkpoint.tensors.keys()].sort()).toEqual(['a', 'b', 'c'])
    expect(['a', 'b', 'c'].map(checkpoint.shard)).toEqual(['1.safetensors', '2.safetensors', '1.safetensors'])
    expect(await checkpoint.read('c', { from: 0, to: 1 })).toEqual(tensor('U8', [1], Uint8Array.of(1)))
    expect(files.count()).toBe(2)
    await checkpoint.close()
    expect(files.count()).toBe(0)
  })

  test("Mistral's own names of files", async () => {
    const own = 'consolidated.safetensors'
    const one = await openCheckpoint(folder({ [own]: shard('a'), 'model.safetensors': shard('b') }), 'mistral')
    expect([one.format, [...one.tensors.keys()]]).toEqual(['mistral', ['a']])
    const files = folder({ [`${own}.index.json`]: index({ a: '1' }), '1': shard('a'), [own]: shard('b') })
    const { format, tensors } = await openCheckpoint(files, 'mistral')
    expect([format, [...tensors.keys()]]).toEqual(['mistral', ['a']])
    await expect(openCheckpoint(folder(sharded), 'mistral')).rejects.toThrow(
      new InputError(`model: expected ${own}.index.json or ${own}, found neither`),
    )
    const half = folder({ [`${own}.index.json`]: index({ a: '1' }), 'params.json': new Blob([]) })
    await expect(openCheckpoint(half, 'mistral')).rejects.toThrow(
      new InputError(`model: expected the shard "1" of ${own}.index.json, found no such file`),
    )
  })

  test('metadata of all files, the last first where they differ', async () => {
    const file = (name: string, metadata: Record<string, string>) => {
      const tensors = new Map([[name, tensor('U8', [1], Uint8Array.of(1))]])
      return new Blob([safetensorsBytes(tensors, new Map(Object.entries(metadata))) as Uint8Array<ArrayBuffer>])
    }
    const files = {
      [indexFile]: index({ a: '1', b: '2' }),
      '1': file('a', { x: '1', y: '1' }),
      '2': file('b', { y: '2' }),
    }
    const { metadata } = await openCheckpoint(folder(files))
    expect(metadata).toEqual(
      new Map([
        ['x', '1'],
        ['y', '2'],
      ]),
    )
  })

  test('an unknown tensor is refused', async () => {
    const checkpoint = await openCheckpoint(folder(sharded))
    const error = new InputError('model: expected a tensor of this checkpoint, found "d"')
    expect(() => checkpoint.shard('d')).toThrow(error)
    await expect(checkpoint.read('d')).rejects.toThrow(error)
  })

  test('members of the index other than weight_map may be any JSON', async () => {
    const text = `{"metadata":{"a":[1,-2.5e3,true,false,null,"\\u00e9",{}]},"weight_map":{"a":"1"},"x":0} \n`
    const checkpoint = await openCheckpoint(folder({ [indexFile]: new Blob([text]), '1': shard('a') }))
    expect(checkpoint.shard('a')).toBe('1')
  })

  const noIndex = Object.fromEntries(Object.entries(sharded).filter(([name]) => name !== indexFile))
  test.each([
    ['neither file', {}, 'model: expected model.safetensors.index.json or model.safetensors, found neither'],
    ['shards alone', noIndex, 'model: expected model.safetensors.index.json or model.safetensors, found neither'],
    [
      'a shard that is missing',
      { ...sharded, [indexFile]: index({ a: '1.safetensors', b: '2.safetensors', c: '3.safetensors' }) },
      `model: expected the shard "3.safetensors" of ${indexFile}, found no such file`,
    ],
    [
      'a tensor that its shard lacks',
      { ...sharded, '2.safetensors': shard() },
      `model: expected "b" in 2.safetensors as in ${indexFile}, found it in no shard`,
    ],
    [
      'a tensor that the index lacks',
      { ...sharded, '2.safetensors': shard('b', 'd') },
      `model: expected "d" in no shard as in ${indexFile}, found it in 2.safetensors`,
    ],
    [
      'a tensor in another shard',
      { ...sharded, [indexFile]: index({ a: '2.safetensors', b: '2.safetensors', c: '1.safetensors' }) },
      `model: expected "a" in 2.safetensors as in ${indexFile}, found it in 1.safetensors`,
    ],
    [
      'a tensor in two shards',
      { ...sharded, '2.safetensors': shard('b', 'c') },
      'model: expected "c" in one shard, found it in 1.safetensors and 2.safetensors',
    ],
    [
      'a shard that is damaged',
      { ...sharded, '2.safetensors': new Blob(['12345678{}']) },
      'model/2.safetensors: expected a header of at most 2 bytes in a file of 10, found 4050765991979987505',
    ],
  ])('%s', async (_, files, message) => {
    const counting = folder(files)
    await expect(openCheckpoint(counting)).rejects.toThrow(new InputError(message))
    expect(counting.count()).toBe(0)
  })

  test.each(['../1', '/etc/passwd', 'a/1', 'a\\1', '..', '', 'C:1'])('a shard named %j', async (name) => {
    const found = `found ${JSON.stringify(name)}`
    const message = `model: shard: expected the name of a file in this folder, ${found}`
    await expect(openCheckpoint(folder({ [indexFile]: index({ a: name }) }))).rejects.toThrow(new InputError(message))
  })

  test.each([
    ['', 'expected { at byte 0, found the end'],
    ['[]', 'expected { at byte 0, found "[]"'],
    ['{}', 'expected a weight_map, found none'],
    ['{"weight_map":[]}', 'expected { at byte 14, found "[]}"'],
    ['{"weight_map":{"a":1}}', 'expected " at byte 19, found "1}}"'],
    ['{"weight_map":{"a":"1"}}x', 'expected the end at byte 24, found "x"'],
    ['{"weight_map":{"a":"1","a":"1"}}', 'expected a key not seen before at byte 23, found "\\"a\\":\\"1\\"}}"'],
    ['{"weight_map":{},"weight_map":{}}', 'expected a key not seen before at byte 17, found "\\"weight_map\\":{}}"'],
    [
      '{"weight_map":{"__proto__":"1"}}',
      'expected a key other than "__proto__" at byte 15, found "\\"__proto__\\":\\"1\\"}}"',
    ],
    ['{"x":{"a":1,"a":1}}', 'expected a key not seen before at byte 12, found "\\"a\\":1}}"'],
    ['{"x":01}', 'expected a value at byte 5, found "01}"'],
    ['{"x":1.}', 'expected a value at byte 5, found "1.}"'],
    ['{"x":nul}', 'expected a value at byte 5, found "nul}"'],
    ['{"x":truefalse}', 'expected a value at byte 5, found "truefalse}"'],
    ['{"x":}', 'expected a value at byte 5, found "}"'],
    ['{"x":[1,]}', 'expected a value at byte 8, found "]}"'],
  ])('an index %s', async (text, message) => {
    const opened = openCheckpoint(folder({ [indexFile]: new Blob([text]) }))
    await expect(opened).rejects.toThrow(new InputError(`model/${indexFile}: ${message}`))
  })

  test('an index made to exhaust the parser', async () => {
    const open = (text: string) => openCheckpoint(folder({ [indexFile]: new Blob([text]) }))
    await expect(open(`{"x":${'1'.repeat(1e6)}}`)).rejects.toThrow(
      'expected a number of at most 400 characters at byte 5',
    )
    await expect(open(`{"x":${'['.repeat(1e6)}`)).rejects.toThrow('expected values nested at most 64 deep at byte 70')
    await expect(open('{"x":'.repeat(1e6))).rejects.toThrow('expected values nested at most 64 deep')
  })
})
