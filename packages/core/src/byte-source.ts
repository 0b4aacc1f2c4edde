import { InputError } from './errors.ts'

/** Bytes that can be read at any position: a file, a Blob or a URL. */
export interface ByteSource {
  /** What error messages call it: a path, a URL or a file name. */
  readonly name: string
  /** Bytes in all. */
  readonly size: number
  /**
   * Exactly `length` bytes from `offset`, in a fresh buffer whose byteOffset is 0. Throws InputError when they are not
   * all there.
   */
  read(offset: number, length: number): Promise<Uint8Array>
  close(): Promise<void>
}

/** A flat set of files, such as a model directory. `path` is a plain file name; see `checkFileName`. */
export interface Folder {
  readonly name: string
  /** Throws InputError when there is no such file. */
  open(path: string): Promise<ByteSource>
  /** A whole file of UTF-8. Throws InputError beyond `textLimit` bytes, and where it is not UTF-8. */
  text(path: string): Promise<string>
  has(path: string): Promise<boolean>
}

/** The largest file that `Folder.text` reads, in bytes: three times the largest tokenizer.json in use. */
export const textLimit = 64 * 2 ** 20

/** A Blob (a browser's File, or Node's `openAsBlob`) as a source. */
export function blobSource(blob: Blob, name: string): ByteSource {
  const { size } = blob
  return {
    name,
    size,
    async read(offset, length) {
      checkRead({ name, size }, offset, length)
      const bytes = await blob
        .slice(offset, offset + length)
        .arrayBuffer()
        .catch((error: unknown) => {
          throw new InputError(`${name}: expected ${length} bytes at offset ${offset}, found ${reason(error)}`)
        })
      if (bytes.byteLength !== length) throw shortRead(name, offset, length, bytes.byteLength)
      return new Uint8Array(bytes)
    },
    async close() {},
  }
}

/** Files held as Blobs, such as those of a browser's directory picker, by their names. */
export function blobFolder(files: ReadonlyMap<string, Blob>, name: string): Folder {
  async function open(path: string): Promise<ByteSource> {
    checkFileName(name, path)
    const blob = files.get(path)
    if (blob === undefined) throw new InputError(`${name}: expected a file ${JSON.stringify(path)}, found none`)
    return blobSource(blob, `${name}/${path}`)
  }
  return {
    name,
    open,
    text: async (path) => readText(await open(path)),
    async has(path) {
      checkFileName(name, path)
      return files.has(path)
    },
  }
}

/**
 * Throws InputError unless `path` is the plain name of a file in a folder. File names come from checkpoints too, which
 * must not lead out of their folder: no separators of any system, no drive or URL scheme (`:`), no `.` or `..`.
 */
export function checkFileName(folder: string, path: string): void {
  if (path === '' || path === '.' || path === '..' || /[/\\:\0]/.test(path)) {
    throw new InputError(`${folder}: expected the name of a file in this folder, found ${JSON.stringify(path)}`)
  }
}

/** Throws InputError unless `[offset, offset + length)` lies within the source. */
export function checkRead(source: Pick<ByteSource, 'name' | 'size'>, offset: number, length: number): void {
  const { name, size } = source
  if (!Number.isSafeInteger(offset) || !Number.isSafeInteger(length) || offset < 0 || length < 0) {
    throw new InputError(`${name}: expected a whole offset and length from 0, found ${offset} and ${length}`)
  }
  const found = Math.max(0, Math.min(length, size - offset))
  if (found < length) throw shortRead(name, offset, length, found)
}

/** The error of a source that ends early. */
export function shortRead(name: string, offset: number, expected: number, found: number): InputError {
  return new InputError(`${name}: expected ${expected} bytes at offset ${offset}, found ${found}`)
}

/** A buffer for one read. More than the platform can hold in one piece is bad input, not a crash. */
export function readBuffer(name: string, length: number): Uint8Array {
  try {
    return new Uint8Array(length)
  } catch (error) {
    throw new InputError(`${name}: expected a read that fits in memory, found ${length} bytes (${reason(error)})`)
  }
}

/** Reads and closes a source that holds text. */
export async function readText(source: ByteSource): Promise<string> {
  try {
    if (source.size > textLimit) {
      throw new InputError(`${source.name}: expected text of at most ${textLimit} bytes, found ${source.size}`)
    }
    return decodeText(source.name, await source.read(0, source.size))
  } finally {
    await source.close()
  }
}

/** UTF-8 → text; throws InputError where it is not UTF-8. */
export function decodeText(name: string, bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes)
  } catch {
    throw new InputError(`${name}: expected UTF-8 text, found other bytes`)
  }
}

/** What a platform's error says, with the cause that fetch hides behind "fetch failed". */
export function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}
