import { InputError } from '@tramontane/core'
import { Command, CommanderError } from 'commander'
import { benchCommand } from './commands/bench.ts'
import { chatCommand } from './commands/chat.ts'
import { generateCommand } from './commands/generate.ts'
import { grammarCommand } from './commands/grammar.ts'
import { inspectCommand } from './commands/inspect.ts'
import { logitsCommand } from './commands/logits.ts'
import { quantizeCommand } from './commands/quantize.ts'
import { serveCommand } from './commands/serve.ts'
import { synthCommand } from './commands/synth.ts'
import { tokenizeCommand } from './commands/tokenize.ts'
import { Exit } from './exit.ts'
import type { Io } from './io.ts'
import { version } from './version.ts'

export type { Io } from './io.ts'

/** Runs one command line. Resolves to the exit code: 0 done, 1 bad input or failure, 2 wrong usage, 3 refused. Never rejects. */
export async function main(argv: readonly string[], io: Io): Promise<number> {
  try {
    await commandLine(io).parseAsync([...argv], { from: 'user' })
    return 0
  } catch (error) {
    // Commander has printed its own message by now; code 0 is --help and --version.
    if (error instanceof CommanderError) return error.exitCode === 0 ? 0 : 2
    if (error instanceof Exit) return error.code
    io.stderr.write(`error: ${message(error)}\n`)
    return 1
  }
}

function commandLine(io: Io): Command {
  const command = new Command('tramontane')
    .description('Chat with, serve, inspect, quantise and compare Mistral-family transformers.')
    .version(version)
    .showHelpAfterError('(add --help for the usage)')
    .exitOverride()
    .configureOutput({ writeOut: (text) => io.stdout.write(text), writeErr: (text) => io.stderr.write(text) })
    .addHelpText('after', '\nExit codes: 0 done, 1 bad input or failure, 2 wrong usage, 3 a schema that is refused.\n')
  const commands = [
    chatCommand,
    serveCommand,
    generateCommand,
    logitsCommand,
    tokenizeCommand,
    inspectCommand,
    quantizeCommand,
    synthCommand,
    grammarCommand,
    benchCommand,
  ]
  for (const make of commands) command.addCommand(make(io).copyInheritedSettings(command))
  return command
}

/** One line without a stack for what people can mend; a defect of ours says so. */
function message(error: unknown): string {
  if (error instanceof InputError) return error.message
  if (error instanceof Error && error.name === 'AbortError') return 'stopped'
  return `unexpected failure: ${error instanceof Error ? error.message : String(error)}`
}
