import { stat } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { synth, type Folder, type Strategy } from '@tramontane/core'
import { diskFolder } from '@tramontane/core/disk'
import { Command } from 'commander'
import { examples } from '../examples.ts'
import type { Io } from '../io.ts'
import { byteSize, wholeNumber } from '../numbers.ts'
import { strategyOption } from '../strategy-option.ts'
import { writeFolder } from '../write-folder.ts'

interface Options {
  readonly strategy: Strategy
  readonly seed: number
  readonly shardSize: number
}

export function synthCommand(io: Io): Command {
  const command = new Command('synth')
    .description('Writes a model of any shape with random fp8 weights: to measure and to test, not to talk to.')
    .argument('<config>', 'model folder, whose tokenizer and template go along, or a config.json alone')
    .argument('<out>', 'folder to write; must be new or empty')
    .option('--seed <n>', 'equal seeds give equal weights', wholeNumber, 0)
    .addOption(strategyOption())
    .option('--shard-size <bytes>', 'most bytes of one weight file, unless one tensor alone has more', byteSize, 2e9)
    .action((from: string, to: string, options: Options) => synthFolder(io, from, to, options))
  return examples(command, 'synth models/mistral-7b-instruct-v0.2 ./mistral-7b-random --seed 1')
}

async function synthFolder(io: Io, from: string, to: string, options: Options): Promise<void> {
  const folder = await configFolder(from)
  await writeFolder(io, to, 'writing', (duties) => synth(folder, { ...options, ...duties }))
}

/** The folder, or one in which the file is config.json and nothing else is. */
async function configFolder(path: string): Promise<Folder> {
  const stats = await stat(path).catch(() => undefined)
  if (stats === undefined || stats.isDirectory()) return diskFolder(path)
  const around = diskFolder(dirname(path))
  return {
    name: around.name,
    open: () => around.open(basename(path)),
    text: () => around.text(basename(path)),
    has: async (name) => name === 'config.json',
  }
}
