import { InputError } from '@tramontane/core'
import { Command } from 'commander'
import { withModel } from '../engine.ts'
import { examples } from '../examples.ts'
import { write, type Io } from '../io.ts'

export function tokenizeCommand(io: Io): Command {
  const command = new Command('tokenize')
    .description('Shows the token ids of a text, as plain text: without a begin token or a chat template.')
    .argument('<dir>', 'model folder')
    .argument('<text>', 'text to split')
    .option('--json', 'print {"ids": [...]}')
    .action((directory: string, text: string, options: { json?: boolean }) => tokenize(io, directory, text, options))
  return examples(command, 'tokenize models/smollm2-135m-instruct-fp8 "Hello, world"')
}

function tokenize(io: Io, directory: string, text: string, { json }: { json?: boolean }): Promise<void> {
  return withModel(directory, async ({ tokenizer }) => {
    if (tokenizer === null) throw new InputError(`${directory}: expected a tokenizer.json, found none`)
    const ids = [...tokenizer.encode(text)]
    if (json) return await write(io.stdout, `${JSON.stringify({ ids })}\n`)
    const width = String(Math.max(0, ...ids)).length
    const line = (id: number) =>
      `${String(id).padStart(width)}  ${JSON.stringify(tokenizer.decode([id], { control: true }))}\n`
    await write(io.stdout, ids.map(line).join(''))
  })
}
