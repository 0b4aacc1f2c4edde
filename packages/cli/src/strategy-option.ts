import { strategies } from '@tramontane/core'
import { Option } from 'commander'

/** `--strategy`, of the commands that write fp8 weights. */
export function strategyOption(): Option {
  return new Option('--strategy <name>', 'what shares one scale: a weight, a row of it, or a block of 128 by 128')
    .choices(strategies)
    .default('channel')
}
