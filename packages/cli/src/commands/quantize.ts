import { quantize, type Strategy } from '@tramontane/core'
import { diskFolder } from '@tramontane/core/disk'
import { Command } from 'commander'
import { examples } from '../examples.ts'
import type { Io } from '../io.ts'
import { byteSize } from '../numbers.ts'
import { strategyOption } from '../strategy-option.ts'
import { writeFolder } from '../write-folder.ts'

interface Options {
  readonly strategy: Strategy
  readonly shardSize: number
}

export function quantizeCommand(io: Io): Command {
  const command = new Command('quantize')
    .description('Writes a model with fp8 linear layers: E4M3 with BF16 scales, compressed-tensors layout.')
    .argument('<src>', 'model folder with F32, F16 or BF16 weights')
    .argument('<out>', 'folder to write; must be new or empty')
    .addOption(strategyOption())
    .option('--shard-size <bytes>', 'most bytes of one weight file, unless one tensor alone has more', byteSize, 50e6)
    .action((from: string, to: string, options: Options) =>
      writeFolder(io, to, 'quantising', (duties) => quantize(diskFolder(from), { ...options, ...duties })),
    )
  return examples(
    command,
    'quantize ./Mistral-7B-v0.3 ./mistral-7b-fp8 --shard-size 2GB',
    'quantize ./Mistral-7B-v0.3 ./mistral-7b-fp8-block --strategy block',
  )
}
