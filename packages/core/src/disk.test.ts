import { execFileSync } from 'node:child_process'
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { textLimit } from './byte-source.ts'
import { diskFolder, diskSource, writeDiskFile } from './disk.ts'
import { InputError } from './errors.ts'

const bytes = Uint8Array.from({ length: 10 }, (_, i) => i)

let directory = ''
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'tramontane-disk-'))
  await writeFile(join(directory, 'ten.bin'), bytes)
})
afterAll(() => rm(directory, { recursive: true }))

describe('diskSource', () => {
  test('reads exactly the range asked for, into a fresh buffer', async () => {
    const source = await diskSource(join(directory, 'ten.bin'))
    expect(source).toMatchObject({ name: join(directory, 'ten.bin'), size: 10 })
    const part = await source.read(3, 4)
    expect([...part]).toEqual([3, 4, 5, 6])
    expect([part.byteOffset, part.buffer.byteLength]).toEqual([0, 4])
    expect((await source.read(10, 0)).length).toBe(0)
    await expect(source.read(8, 3)).rejects.toThrow(
      new InputError(`${directory}/ten.bin: expected 3 bytes at offset 8, found 2`),
    )
    await source.close()
    await source.close()
    await expect(source.read(0, 1)).rejects.toThrow(InputError)
  })

  test('reads a part of a file that is larger than memory', async () => {
    const path = join(directory, 'sparse.bin')
    await writeFile(path, '')
    await truncate(path, 2 ** 43)
    const source = await diskSource(path)
    expect(source.size).toBe(2 ** 43)
    expect([...(await source.read(2 ** 43 - 2, 2))]).toEqual([0, 0])
    await expect(source.read(0, 2 ** 43)).rejects.toThrow(InputError)
    await source.close()
    await rm(path)
  })

  test('a file that shrinks after it was opened is bad input', async () => {
    const path = join(directory, 'shrinking.bin')
    await writeFile(path, bytes)
    const source = await diskSource(path)
    await truncate(path, 5)
    await expect(source.read(3, 4)).rejects.toThrow(new InputError(`${path}: expected 4 bytes at offset 3, found 2`))
    await source.close()
  })

  test.skipIf(process.platform === 'win32')('a pipe is refused without waiting for its writer', async () => {
    const path = join(directory, 'pipe')
    execFileSync('mkfifo', [path])
    const message = `${path}: expected a file, found neither a file nor a directory`
    await expect(diskSource(path)).rejects.toThrow(new InputError(message))
  })

  test.each([
    ['missing', 'expected a file, found nothing'],
    ['ten.bin/below', 'expected a file, found nothing'],
    ['.', 'expected a file, found directory'],
    ['x'.repeat(300), 'expected a path to look at, found ENAMETOOLONG'],
    ['a\0b', 'expected a path to look at, found'],
  ])('%s: %s', async (path, message) => {
    const opened = diskSource(`${directory}/${path}`)
    await expect(opened).rejects.toThrow(InputError)
    await expect(opened).rejects.toThrow(`${directory}/${path}: ${message}`)
  })
})

describe('diskFolder', () => {
  test('opens files and links, reads text and knows what is there', async () => {
    const path = join(directory, 'snapshot')
    await mkdir(join(path, 'folder'), { recursive: true })
    await writeFile(join(path, 'config.json'), '{"é":1}')
    // The layout of the Hugging Face cache: snapshots/<commit>/<file> → ../../blobs/<hash>.
    await symlink('../ten.bin', join(path, 'model.safetensors'))
    await symlink('nowhere', join(path, 'dangling'))
    const folder = diskFolder(path)
    expect(folder.name).toBe(path)
    expect(await folder.text('config.json')).toBe('{"é":1}')
    const source = await folder.open('model.safetensors')
    expect(await source.read(9, 1)).toEqual(Uint8Array.of(9))
    await source.close()
    const names = ['config.json', 'model.safetensors', 'dangling', 'folder', 'nothing']
    expect(await Promise.all(names.map((name) => folder.has(name)))).toEqual([true, true, false, false, false])
  })

  test('text is limited, and must be UTF-8', async () => {
    await writeFile(join(directory, 'huge.txt'), '')
    await truncate(join(directory, 'huge.txt'), textLimit + 1)
    await writeFile(join(directory, 'latin1.txt'), Uint8Array.of(0xe9))
    const folder = diskFolder(directory)
    await expect(folder.text('huge.txt')).rejects.toThrow(`expected text of at most ${textLimit} bytes`)
    await expect(folder.text('latin1.txt')).rejects.toThrow(`${directory}/latin1.txt: expected UTF-8 text`)
  })

  test.each(['', '.', '..', '../ten.bin', 'a/b', '/etc/passwd', 'a\\b', 'C:x', 'a\0b'])(
    '%j is refused',
    async (path) => {
      const message = `${directory}: expected the name of a file in this folder, found ${JSON.stringify(path)}`
      const folder = diskFolder(directory)
      await expect(folder.open(path)).rejects.toThrow(new InputError(message))
      await expect(folder.text(path)).rejects.toThrow(new InputError(message))
      await expect(folder.has(path)).rejects.toThrow(new InputError(message))
    },
  )

  test('a directory or file that is not there is named', async () => {
    const nowhere = diskFolder(join(directory, 'nowhere'))
    const message = `${directory}/nowhere: expected a directory, found nothing`
    await expect(nowhere.open('config.json')).rejects.toThrow(new InputError(message))
    await expect(nowhere.has('config.json')).rejects.toThrow(new InputError(message))
    const missing = `${directory}/config.json: expected a file, found nothing`
    await expect(diskFolder(directory).text('config.json')).rejects.toThrow(new InputError(missing))
  })
})

describe('writeDiskFile', () => {
  test('writes the pieces, in place of what was there', async () => {
    const path = join(directory, 'out.bin')
    await writeDiskFile(path, [bytes, Uint8Array.of(), bytes.subarray(8)])
    expect([...(await readFile(path))]).toEqual([...bytes, 8, 9])
    await writeDiskFile(
      path,
      (async function* () {
        yield Uint8Array.of(7)
      })(),
    )
    expect([...(await readFile(path))]).toEqual([7])
  })

  test('a failure leaves the old file and nothing else', async () => {
    const folder = await mkdtemp(join(directory, 'write-'))
    const path = join(folder, 'out.bin')
    await writeDiskFile(path, [bytes])
    const failing = (async function* () {
      yield Uint8Array.of(7)
      expect(await readdir(folder)).toHaveLength(2)
      throw new Error('source failed')
    })()
    await expect(writeDiskFile(path, failing)).rejects.toThrow(new Error('source failed'))
    expect(await readdir(folder)).toEqual(['out.bin'])
    expect([...(await readFile(path))]).toEqual([...bytes])
    await mkdir(join(folder, 'taken'))
    await expect(writeDiskFile(join(folder, 'taken'), [bytes])).rejects.toThrow(InputError)
    expect(await readdir(folder)).toEqual(['out.bin', 'taken'])
  })

  test('a directory that is not there is named', async () => {
    const path = join(directory, 'nowhere', 'out.bin')
    await expect(writeDiskFile(path, [])).rejects.toThrow(`${path}: expected a place to write, found ENOENT`)
  })
})
