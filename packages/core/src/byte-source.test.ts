import { describe, expect, test } from 'vitest'
import { blobFolder, blobSource, textLimit } from './byte-source.ts'
import { InputError } from './errors.ts'

const bytes = Uint8Array.from({ length: 10 }, (_, i) => i)

describe('blobSource', () => {
  const source = blobSource(new Blob([bytes]), 'ten.bin')

  test('reads exactly the range asked for, into a fresh buffer', async () => {
    expect(source).toMatchObject({ name: 'ten.bin', size: 10 })
    const part = await source.read(3, 4)
    expect([...part]).toEqual([3, 4, 5, 6])
    expect([part.byteOffset, part.buffer.byteLength]).toEqual([0, 4])
    part.fill(99)
    expect([...(await source.read(3, 4))]).toEqual([3, 4, 5, 6])
    expect((await source.read(10, 0)).length).toBe(0)
    await source.close()
  })

  test.each([
    [8, 3, 'ten.bin: expected 3 bytes at offset 8, found 2'],
    [11, 1, 'ten.bin: expected 1 bytes at offset 11, found 0'],
    [11, 0, undefined],
    [-1, 1, 'ten.bin: expected a whole offset and length from 0, found -1 and 1'],
    [0, -1, 'found 0 and -1'],
    [0.5, 1, 'found 0.5 and 1'],
    [0, NaN, 'found 0 and NaN'],
    [2 ** 53, 1, 'found 9007199254740992 and 1'],
  ])('read(%d, %d) → %s', async (offset, length, message) => {
    if (message === undefined) return expect((await source.read(offset, length)).length).toBe(0)
    await expect(source.read(offset, length)).rejects.toThrow(InputError)
    await expect(source.read(offset, length)).rejects.toThrow(message)
  })

  test('a Blob whose file has changed since is bad input', async () => {
    // What a browser does when the file behind a File was modified: the read rejects with NotReadableError.
    const blob = new Blob([bytes])
    blob.slice = () => Object.assign(new Blob([]), { arrayBuffer: () => Promise.reject(new Error('NotReadableError')) })
    const read = blobSource(blob, 'gone').read(0, 2)
    await expect(read).rejects.toThrow(new InputError('gone: expected 2 bytes at offset 0, found NotReadableError'))
  })
})

describe('blobFolder', () => {
  const files = new Map([
    ['config.json', new Blob(['{"é":1}'])],
    ['latin1.txt', new Blob([Uint8Array.of(0xe9)])],
    ['huge.txt', Object.defineProperty(new Blob([]), 'size', { value: textLimit + 1 })],
  ])
  const folder = blobFolder(files, 'picked')

  test('opens, reads text and knows what is there', async () => {
    expect(await folder.text('config.json')).toBe('{"é":1}')
    const source = await folder.open('config.json')
    expect(source).toMatchObject({ name: 'picked/config.json', size: 8 })
    expect([await folder.has('config.json'), await folder.has('nothing')]).toEqual([true, false])
  })

  test.each([
    ['nothing', 'picked: expected a file "nothing", found none'],
    ['latin1.txt', 'picked/latin1.txt: expected UTF-8 text, found other bytes'],
    ['huge.txt', `picked/huge.txt: expected text of at most ${textLimit} bytes, found ${textLimit + 1}`],
  ])('text(%j) is refused', async (path, message) => {
    await expect(folder.text(path)).rejects.toThrow(new InputError(message))
  })

  test.each(['', '.', '..', '../config.json', 'a/b', '/etc/passwd', 'a\\b', 'C:x', 'data:,x', 'a\0b'])(
    '%j is no file name',
    async (path) => {
      const message = `picked: expected the name of a file in this folder, found ${JSON.stringify(path)}`
      await expect(folder.open(path)).rejects.toThrow(new InputError(message))
      await expect(folder.text(path)).rejects.toThrow(new InputError(message))
      await expect(folder.has(path)).rejects.toThrow(new InputError(message))
    },
  )
})
