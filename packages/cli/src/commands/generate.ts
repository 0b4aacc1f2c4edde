import { detokenizer, generate, InputError, type BareModel, type Sampling } from '@tramontane/core'
import { Command } from 'commander'
import { withEngine, type Engine } from '../engine.ts'
import { examples } from '../examples.ts'
import { write, type Io } from '../io.ts'
import { fraction, nonNegative, positiveWholeNumber, tokenIds, wholeNumber } from '../numbers.ts'
import { progress } from '../progress.ts'
import { backendOption } from '../backend-option.ts'

interface Options extends Sampling {
  readonly ids?: Int32Array
  readonly maxTokens: number
  readonly json?: boolean
  readonly backend: string
}

export function generateCommand(io: Io): Command {
  const command = new Command('generate')
    .description('Continues a text, or token ids, as they are: without a chat template.')
    .argument('<dir>', 'model folder')
    .argument('[text]', 'text to continue')
    .option('--ids <ids>', 'token ids instead of a text, separated by commas', tokenIds)
    .option('--max-tokens <n>', 'most tokens to generate', positiveWholeNumber, 128)
    .option('--temperature <t>', '0 takes the likeliest token', nonNegative, 0)
    .option('--top-p <p>', 'keep the likeliest tokens that reach this probability', fraction)
    .option('--top-k <k>', 'keep this many tokens', wholeNumber)
    .option('--min-p <p>', 'keep tokens at least this likely, relative to the likeliest', fraction)
    .option('--seed <n>', 'equal seeds draw equal tokens', wholeNumber)
    .addOption(backendOption())
    .option('--json', 'print {"ids", "text", "prompt_ids", "finish_reason"} at the end')
    .action(async (directory: string, text: string | undefined, { backend, ...options }: Options) => {
      if ((text === undefined) === (options.ids === undefined)) {
        command.error('error: expected either a text or --ids', { exitCode: 2 })
      }
      await withEngine(directory, io, backend, (engine) => continueText(io, engine, text, options))
    })
  return examples(
    command,
    'generate models/smollm2-135m-instruct-fp8 "The capital of France is" --max-tokens 8',
    'generate ./model --ids 1,2,3 --temperature 0.8 --top-p 0.95 --seed 7 --json',
  )
}

async function continueText(
  io: Io,
  { model, program }: Engine,
  text: string | undefined,
  { ids: given, maxTokens, json, ...sampling }: Omit<Options, 'backend'>,
): Promise<void> {
  const { tokenizer, config } = model
  const prompt = given ?? promptOf(model, text!)
  const sequence = program.open(config.context)
  const bar = progress(io, 'reading')
  const abort = io.signal ? { signal: io.signal } : {}
  const options = { maxTokens, sampling, end: config.end, progress: bar.update, ...abort }
  const ids: number[] = []
  const pieces: string[] = []
  const speech = tokenizer === null ? undefined : detokenizer(tokenizer, { continues: true })
  const say = async (piece: string) => {
    pieces.push(piece)
    if (!json) await write(io.stdout, piece)
  }
  try {
    for await (const { token } of generate(program, sequence, prompt, options)) {
      bar.stop()
      ids.push(token)
      if (config.end.includes(token)) break
      await say(speech === undefined ? `${ids.length > 1 ? ',' : ''}${token}` : speech.push(token))
    }
    await say(speech?.end() ?? '')
  } finally {
    bar.stop()
    sequence.close()
  }
  const finish = config.end.includes(ids.at(-1)!) ? 'stop' : 'length'
  const found = {
    ids,
    text: speech === undefined ? null : pieces.join(''),
    prompt_ids: [...prompt],
    finish_reason: finish,
  }
  await write(io.stdout, json ? `${JSON.stringify(found)}\n` : '\n')
}

function promptOf({ tokenizer, refusal, name }: BareModel, text: string): Int32Array {
  if (tokenizer === null)
    throw refusal ?? new InputError(`${name}: expected a tokenizer for a text, found none; use --ids`)
  return Int32Array.from([...tokenizer.prefix, ...tokenizer.encode(text)])
}
