import { mkdir, readdir } from 'node:fs/promises'
import { join } from 'node:path'
import { InputError, quantize } from '@tramontane/core'
import { diskFolder, writeDiskFile } from '@tramontane/core/disk'
import { Command } from 'commander'
import { examples } from '../examples.ts'
import { write, type Io } from '../io.ts'
import { byteSize } from '../numbers.ts'
import { progress } from '../progress.ts'

export function quantizeCommand(io: Io): Command {
  const command = new Command('quantize')
    .description('Writes a model with fp8 linear layers: E4M3, one BF16 scale per row, compressed-tensors layout.')
    .argument('<src>', 'model folder with F32, F16 or BF16 weights')
    .argument('<out>', 'folder to write; must be new or empty')
    .option('--shard-size <bytes>', 'most bytes of one weight file, unless one tensor alone has more', byteSize, 50e6)
    .action((from: string, to: string, { shardSize }: { shardSize: number }) => quantizeFolder(io, from, to, shardSize))
  return examples(command, 'quantize ./Mistral-7B-v0.3 ./mistral-7b-fp8 --shard-size 2GB')
}

async function quantizeFolder(io: Io, from: string, to: string, shardSize: number): Promise<void> {
  const bar = progress(io, 'quantising')
  const options = { shardSize, progress: bar.update, ...(io.signal ? { signal: io.signal } : {}) }
  await refuseFull(to)
  const written: string[] = []
  try {
    for await (const { name, chunks } of quantize(diskFolder(from), options)) {
      if (written.length === 0) await makeFolder(to)
      await writeDiskFile(join(to, name), chunks)
      written.push(name)
    }
  } finally {
    bar.stop()
  }
  await write(io.stdout, `${to}: ${written.join(', ')}\n`)
}

async function refuseFull(folder: string): Promise<void> {
  const found = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return []
    throw new InputError(`${folder}: expected a new or empty folder, found ${error.message}`)
  })
  if (found.length > 0) throw new InputError(`${folder}: expected a new or empty folder, found ${found.length} files`)
}

async function makeFolder(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true }).catch((error: Error) => {
    throw new InputError(`${folder}: expected a place to write, found ${error.message}`)
  })
}
