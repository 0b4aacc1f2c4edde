import { createReadStream } from 'node:fs'
import { SchemaError, type Pushdown } from '@tramontane/api/grammar'
import { InputError } from '@tramontane/core'
import { Command, Option } from 'commander'
import { examples } from '../examples.ts'
import { Exit } from '../exit.ts'
import { opened, type Source } from '../grammar/automaton.ts'
import { Document } from '../grammar/document.ts'
import { linePieces, type LinePiece } from '../grammar/line-pieces.ts'
import { jsonReport, plainReport, type Report } from '../grammar/report.ts'
import { write, type Io } from '../io.ts'

interface Options extends Source {
  readonly docs?: string
  readonly doc?: string
  readonly json?: boolean
}

const about =
  'Says of documents whether generation under a grammar could write just them, and where they part from it. Needs no model.'

const judged = `
A document is a whole text, byte by byte: white space around it is not part of one. What was possible where a
document stops is shown as single bytes, runs of bytes (a-z), \\xHH for what cannot be shown, and "end".
`

export function grammarCommand(io: Io): Command {
  const command = new Command('grammar')
    .description(about)
    .addOption(source('--schema <file>', 'JSON Schema, in a file of JSON'))
    .addOption(source('--regex <pattern>', 'regular expression (ECMA-262), of the whole text'))
    .addOption(source('--grammar <file>', 'grammar in EBNF'))
    .addOption(source('--any', 'any JSON'))
    .addOption(new Option('--docs <file>', 'documents, one a line; - for stdin').conflicts('doc'))
    .option('--doc <text>', 'one document')
    .option('--json', 'print {"accepted": …} a line; {"refused": reason, "at": pointer} for a schema that is refused')
    .addHelpText('after', judged)
    .action((options: Options) => {
      if (sources.every((name) => options[name] === undefined))
        command.error('error: expected one of --schema, --regex, --grammar and --any')
      if (options.docs === undefined && options.doc === undefined) command.error('error: expected --docs or --doc')
      return grammar(io, options)
    })
  return examples(
    command,
    'grammar --schema invoice.json --docs answers.jsonl --json',
    `grammar --regex '[0-9]{4}-[0-9]{2}' --doc 2024-1`,
  )
}

const sources = ['schema', 'regex', 'grammar', 'any'] as const

function source(flags: string, description: string): Option {
  const option = new Option(flags, description)
  return option.conflicts(sources.filter((name) => name !== option.attributeName()))
}

async function grammar(io: Io, options: Options): Promise<void> {
  const report = options.json ? jsonReport() : plainReport()
  const automaton = await accepted(io, await opened(options), report)
  let number = 0
  let document = new Document(automaton)
  for await (const pieces of documents(io, options)) {
    let text = ''
    for (const { bytes, isLast } of pieces) {
      document.read(bytes)
      if (!isLast) continue
      text += report.document(++number, document)
      document = new Document(automaton)
    }
    if (text !== '') await write(io.stdout, text)
  }
  await write(io.stdout, report.end())
}

/** Says so, and ends with 3, where the grammar is refused. */
async function accepted(io: Io, make: () => Pushdown, report: Report): Promise<Pushdown> {
  try {
    return make()
  } catch (error) {
    if (!(error instanceof InputError)) throw error
    await write(io.stdout, report.refused(error.message, error instanceof SchemaError ? error.at : null))
    throw new Exit(3)
  }
}

async function* documents(io: Io, { docs, doc }: Options): AsyncGenerator<readonly LinePiece[]> {
  // Line ends in it are its own.
  if (doc !== undefined) yield [{ bytes: Buffer.from(doc), isLast: true }]
  else if (docs === '-') yield* linePieces(bytes(io.stdin))
  else if (docs !== undefined) yield* linePieces(file(docs))
}

async function* bytes(stream: AsyncIterable<string | Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of stream) yield typeof chunk === 'string' ? Buffer.from(chunk) : chunk
}

async function* file(path: string): AsyncGenerator<Uint8Array> {
  try {
    for await (const chunk of createReadStream(path)) yield chunk as Uint8Array
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new InputError(`${path}: expected a file of documents, found ${code ?? message}`)
  }
}
