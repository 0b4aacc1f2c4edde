import {
  decode,
  InputError,
  matchActivations,
  run,
  safetensorsBytes,
  type Tensor,
  type Tokenizer,
} from '@tramontane/core'
import { writeDiskFile } from '@tramontane/core/disk'
import { Command } from 'commander'
import { withEngine, type Engine } from '../engine.ts'
import { examples } from '../examples.ts'
import { write, type Io } from '../io.ts'
import { positiveWholeNumber, tokenIds } from '../numbers.ts'
import { backendOption } from '../backend-option.ts'

interface Options {
  readonly ids: Int32Array
  readonly backend: string
  readonly outputs: string[]
  readonly out?: string
  readonly top: number
}

export function logitsCommand(io: Io): Command {
  const command = new Command('logits')
    .description('Runs token ids through a model once; prints the likeliest next tokens or writes values to a file.')
    .argument('<dir>', 'model folder')
    .requiredOption('--ids <ids>', 'token ids, separated by commas', tokenIds)
    .addOption(backendOption('reference'))
    .option(
      '--outputs <names>',
      'activations to write, separated by commas: any name of docs/guide/activations.md, * for every layer',
      (text) => text.split(','),
      ['logits'],
    )
    .option('--out <file>', 'safetensors file to write, one tensor per output, [tokens, columns]')
    .option('--top <n>', 'tokens shown per position', positiveWholeNumber, 5)
    .action((directory: string, options: Options) =>
      withEngine(directory, io, options.backend, (engine) => logits(io, engine, options)),
    )
  return examples(
    command,
    'logits models/smollm2-135m-instruct-fp8 --ids 504,3575,282,4649,314',
    'logits ./model --ids 1,2,3 --outputs logits,layers.*.attention --out values.safetensors',
  )
}

async function logits(io: Io, { model, program }: Engine, { ids, outputs, out, top }: Options): Promise<void> {
  const sequence = program.open(ids.length)
  try {
    const wanted = out === undefined ? ['logits'] : matchActivations(program.graph, outputs)
    const abort = io.signal ? { signal: io.signal } : {}
    const values = await run(program, [{ sequence, tokens: ids, logits: 'all' }], { outputs: wanted, ...abort })
    if (out !== undefined) return await writeDiskFile(out, [safetensorsBytes(values)])
    await write(io.stdout, table(ids, values.get('logits')!, model.tokenizer, top))
  } finally {
    sequence.close()
  }
}

/** One line per position: the token there, and the likeliest next ones with their logits. */
function table(ids: Int32Array, logits: Tensor, tokenizer: Tokenizer | null, top: number): string {
  const columns = logits.shape[1]
  const numbers = decode(logits)
  const show = (id: number) =>
    tokenizer === null ? `${id}` : `${id} ${JSON.stringify(tokenizer.decode([id], { control: true }))}`
  return Array.from(ids, (id, position) => {
    const row = numbers.subarray(position * columns, (position + 1) * columns)
    const best = largest(row, top).map((next) => `${show(next)} ${row[next].toFixed(3)}`)
    return `${position}: ${show(id)} → ${best.join(', ')}\n`
  }).join('')
}

/** Indices of the largest values, largest first; the lower index where they are equal. */
function largest(values: Float64Array, count: number): number[] {
  if (values.some(Number.isNaN)) throw new InputError('logits: expected numbers, found NaN')
  const order = Uint32Array.from(values.keys()).sort((a, b) => values[b] - values[a] || a - b)
  return [...order.subarray(0, count)]
}
