import { mkdir, readdir, rm, rmdir, statfs } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { InputError, type OutputFile, type ShardOptions } from '@tramontane/core'
import { writeDiskFile } from '@tramontane/core/disk'
import { byteText } from './byte-text.ts'
import { interruptible } from './interrupt.ts'
import { write, type Io } from './io.ts'
import { progress } from './progress.ts'

/** What the maker of the files is told: to ask for room, to show how far it is, and to stop. */
type Duties = Required<Pick<ShardOptions, 'reserve' | 'progress' | 'signal'>>

/**
 * Writes files into a new or empty folder: all of them, or none. What an error or Ctrl-C leaves is removed again. A
 * process that is killed can leave files but no model: config.json is the last one. Shows a bar, then the files' names.
 */
export async function writeFolder(
  io: Io,
  folder: string,
  label: string,
  files: (duties: Duties) => AsyncIterable<OutputFile>,
): Promise<void> {
  await refuseFull(folder)
  const bar = progress(io, label)
  const reserve = (bytes: number) => checkRoom(folder, bytes)
  const written = await interruptible(io.signal, (signal) =>
    writeAll(resolve(folder), files({ reserve, progress: bar.update, signal }), signal),
  ).finally(bar.stop)
  await write(io.stdout, `${folder}: ${written.join(', ')}\n`)
}

async function writeAll(folder: string, files: AsyncIterable<OutputFile>, signal: AbortSignal): Promise<string[]> {
  const written: string[] = []
  let made: string | undefined
  try {
    for await (const { name, chunks } of files) {
      if (written.length === 0) made = await makeFolder(folder)
      await writeDiskFile(join(folder, name), stoppable(chunks, signal))
      written.push(name)
    }
    return written
  } catch (error) {
    await Promise.all(written.map((name) => rm(join(folder, name), { force: true })))
    if (made !== undefined) await removeEmpty(folder, made)
    throw error
  }
}

async function* stoppable(chunks: OutputFile['chunks'], signal: AbortSignal): AsyncGenerator<Uint8Array> {
  for await (const chunk of chunks) {
    signal.throwIfAborted()
    yield chunk
  }
}

async function refuseFull(folder: string): Promise<void> {
  // Resolved, as what is written: an empty name is the folder around, and not a new one.
  const found = await readdir(resolve(folder)).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw new InputError(`${folder}: expected a new or empty folder, found ${error.message}`)
  })
  if (found.length > 0) throw new InputError(`${folder}: expected a new or empty folder, found ${found.length} files`)
}

/** Throws InputError where the disk, as far as it tells, has not so many bytes left. */
async function checkRoom(folder: string, bytes: number): Promise<void> {
  let place = resolve(folder)
  for (;;) {
    const found = await statfs(place).catch((error: NodeJS.ErrnoException) => error)
    if (!(found instanceof Error)) {
      const free = found.bavail * found.bsize
      if (bytes <= free) return
      throw new InputError(`${folder}: needs ${byteText(bytes)}, but only ${byteText(free)} are free at ${place}`)
    }
    // Not there yet: its disk is that of the folder around it.
    if (found.code !== 'ENOENT' || dirname(place) === place) return
    place = dirname(place)
  }
}

/** Makes the folder and those around it; gives the outermost that is new. */
async function makeFolder(folder: string): Promise<string | undefined> {
  return mkdir(folder, { recursive: true }).catch((error: Error) => {
    throw new InputError(`${folder}: expected a place to write, found ${error.message}`)
  })
}

/** Removes a folder and those around it up to the outermost, as far as nobody has put anything there. */
async function removeEmpty(folder: string, outermost: string): Promise<void> {
  for (let place = folder; ; place = dirname(place)) {
    const gone = await rmdir(place).then(
      () => true,
      () => false,
    )
    if (!gone || place === outermost || dirname(place) === place) return
  }
}
