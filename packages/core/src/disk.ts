import { randomUUID } from 'node:crypto'
import { open, rename, rm, stat, type FileHandle } from 'node:fs/promises'
import { join } from 'node:path'
import {
  checkFileName,
  checkRead,
  readBuffer,
  readText,
  reason,
  shortRead,
  type ByteSource,
  type Folder,
} from './byte-source.ts'
import { InputError } from './errors.ts'
import { loadBare, loadFolder, type BareModel, type Model } from './load.ts'

/** One system call reads less than 2³¹ bytes. */
const longestRead = 2 ** 30

/** A file on the disk. Throws InputError naming the path when there is none, or when it is not a regular file. */
export async function diskSource(path: string): Promise<ByteSource> {
  await checkKind(path, 'file')
  const handle = await open(path).catch(refusal(path, 'a readable file'))
  const { size } = await handle.stat()
  return {
    name: path,
    size,
    async read(offset, length) {
      checkRead({ name: path, size }, offset, length)
      return readFully(handle, path, offset, readBuffer(path, length))
    },
    close: () => handle.close(),
  }
}

/**
 * A directory on the disk. Files are opened by plain names only, but may be symbolic links to anywhere: the Hugging Face
 * cache is made of them. Every operation throws InputError naming the path when there is no such directory.
 */
export function diskFolder(directory: string): Folder {
  async function file(path: string): Promise<string> {
    checkFileName(directory, path)
    await checkKind(directory, 'directory')
    return join(directory, path)
  }
  return {
    name: directory,
    open: async (path) => diskSource(await file(path)),
    text: async (path) => readText(await diskSource(await file(path))),
    has: async (path) => (await kind(await file(path))) === 'file',
  }
}

/**
 * Writes a file whole or not at all: the bytes go to a temporary name beside it, which is renamed at the end. An error
 * of `chunks` passes through; one of the disk becomes an InputError naming the path.
 */
export async function writeDiskFile(
  path: string,
  chunks: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
): Promise<void> {
  const refuse = refusal(path, 'a place to write')
  const partial = `${path}.${randomUUID()}.partial`
  const handle = await open(partial, 'wx').catch(refuse)
  try {
    try {
      for await (const chunk of chunks) await handle.writeFile(chunk).catch(refuse)
      await handle.sync().catch(refuse)
    } finally {
      await handle.close().catch(refuse)
    }
    await rename(partial, path).catch(refuse)
  } catch (error) {
    await rm(partial, { force: true })
    throw error
  }
}

async function readFully(handle: FileHandle, path: string, offset: number, out: Uint8Array): Promise<Uint8Array> {
  let found = 0
  while (found < out.length) {
    const length = Math.min(out.length - found, longestRead)
    const { bytesRead } = await handle
      .read(out, found, length, offset + found)
      .catch(refusal(path, `${out.length} bytes at offset ${offset}`))
    if (bytesRead === 0) throw shortRead(path, offset, out.length, found)
    found += bytesRead
  }
  return out
}

/** Looks before opening: a pipe would wait for its writer, a device may never end. */
async function checkKind(path: string, expected: 'file' | 'directory'): Promise<void> {
  const found = await kind(path)
  if (found !== expected) throw new InputError(`${path}: expected a ${expected}, found ${found}`)
}

async function kind(path: string): Promise<string> {
  try {
    const stats = await stat(path)
    if (stats.isFile()) return 'file'
    return stats.isDirectory() ? 'directory' : 'neither a file nor a directory'
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' || code === 'ENOTDIR') return 'nothing'
    throw new InputError(`${path}: expected a path to look at, found ${reason(error)}`)
  }
}

/** A handler for rejected promises of the disk. */
function refusal(path: string, expected: string): (error: unknown) => never {
  return (error) => {
    throw new InputError(`${path}: expected ${expected}, found ${reason(error)}`)
  }
}

/** Opens the model in a directory. Throws InputError naming the file that is missing or wrong. */
export function load(directory: string): Promise<Model>
/** The same for a directory that may have no tokenizer. */
export function load(directory: string, options: { readonly tokenizer: false }): Promise<BareModel>
export function load(directory: string, options?: { readonly tokenizer: false }): Promise<BareModel> {
  return options === undefined ? loadFolder(diskFolder(directory)) : loadBare(diskFolder(directory))
}
