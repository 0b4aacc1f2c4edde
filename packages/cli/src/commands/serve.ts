import { basename, resolve } from 'node:path'
import { logLevels, type LogLevel } from '@tramontane/api/node'
import { Command, InvalidArgumentError, Option } from 'commander'
import { examples } from '../examples.ts'
import type { Io } from '../io.ts'
import { modelOption } from '../model-option.ts'
import { byteSize, nonNegative, positiveWholeNumber, wholeNumber } from '../numbers.ts'
import { apiKeys } from '../serve/api-keys.ts'
import { serve } from '../serve/serve.ts'
import { backendOption } from '../backend-option.ts'

interface Options {
  readonly model: string
  readonly name?: readonly string[]
  readonly host: string
  readonly port: number
  readonly slots: number
  readonly queue: number
  readonly context?: number
  readonly cacheMemory?: number
  readonly backend: string
  readonly apiKey?: readonly string[]
  readonly apiKeyFile?: string
  readonly cors?: readonly string[]
  readonly price: number
  readonly bodyLimit: number
  readonly strict?: boolean
  readonly grace: number
  readonly logLevel: LogLevel
}

export function serveCommand(io: Io): Command {
  const level = new Option('--log-level <level>', 'least that is logged, as JSON lines on stderr').choices(logLevels)
  const bodyLimit = new Option('--body-limit <size>', 'largest body of a request')
    .argParser(byteSize)
    .default(2 * 2 ** 20, '2 MiB')
  const command = new Command('serve')
    .description('Serves a model over HTTP, as OpenAI does. Ctrl-C lets running requests end; a second one does not.')
    .addOption(modelOption())
    .option('--name <id...>', "names by which requests call the model (default: the folder's)", collect(nonEmpty))
    .option('--host <address>', 'where to listen; 0.0.0.0 for every machine that reaches this one', '127.0.0.1')
    .option('--port <n>', '0 for any that is free', port, 8000)
    .option('--slots <n>', 'requests that are answered at a time', positiveWholeNumber, 8)
    .option('--queue <n>', 'requests that may wait for a slot', wholeNumber, 32)
    .option(
      '--context <n>',
      "tokens of one conversation (default: the model's, as far as memory goes)",
      positiveWholeNumber,
    )
    .option('--cache-memory <size>', 'memory for keys and values, such as 2GB (default: what is free)', byteSize)
    .addOption(backendOption())
    .option('--api-key <key...>', 'let in only who has one; others of this machine can read it here', collect(nonEmpty))
    .option('--api-key-file <file>', 'the same from a file, one a line; TRAMONTANE_API_KEYS holds some too')
    .option('--cors <origin...>', 'web pages that may ask, such as https://example.com, or *', collect(origin))
    .option('--price <dollars>', 'US dollars per million tokens, for estimated_cost', nonNegative, 0.07)
    .addOption(bodyLimit)
    .option('--strict', 'refuse fields that are not known')
    .option('--grace <seconds>', 'time for running requests to end when the server is stopped', nonNegative, 30)
    .addOption(level.default('info'))
    .action(async ({ name, apiKey = [], apiKeyFile, cors = [], strict = false, ...options }: Options) => {
      const variable = process.env['TRAMONTANE_API_KEYS']
      const keys = await apiKeys({ given: apiKey, variable, file: apiKeyFile })
      const { context, cacheMemory, ...others } = options
      const names = name ?? [basename(resolve(options.model))]
      await serve(io, { ...others, names, keys, cors, strict, context, cacheMemory })
    })
  return examples(
    command,
    'serve',
    'serve --model ./model --name my-model --port 9000 --slots 4 --context 4096',
    'serve --host 0.0.0.0 --api-key-file keys.txt --cors https://example.com',
  )
}

/** Of an option that may be given several times or with several values. */
function collect<T>(parse: (text: string) => T): (text: string, before: readonly T[] | undefined) => readonly T[] {
  return (text, before = []) => [...before, parse(text)]
}

function nonEmpty(text: string): string {
  if (text.trim() !== '') return text
  throw new InvalidArgumentError('Expected something that is not empty.')
}

function port(text: string): number {
  const value = wholeNumber(text)
  if (value < 2 ** 16) return value
  throw new InvalidArgumentError('Expected a port from 0 to 65535.')
}

function origin(text: string): string {
  if (text === '*' || (URL.canParse(text) && new URL(text).origin === text)) return text
  throw new InvalidArgumentError('Expected * or an origin such as https://example.com, without a path.')
}
