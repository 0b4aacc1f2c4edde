import type { Command } from 'commander'

/** Adds examples at the end of --help. */
export function examples(command: Command, ...lines: readonly string[]): Command {
  return command.addHelpText('after', `\nExamples:\n${lines.map((line) => `  $ tramontane ${line}\n`).join('')}`)
}
