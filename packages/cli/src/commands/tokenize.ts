import { InputError, loadText, readConfig, readParams } from '@tramontane/core'
import { diskFolder } from '@tramontane/core/disk'
import { Command } from 'commander'
import { examples } from '../examples.ts'
import { write, type Io } from '../io.ts'

export function tokenizeCommand(io: Io): Command {
  const command = new Command('tokenize')
    .description(
      'Shows the token ids of a text, as plain text: without a begin token or a chat template. Needs no weights.',
    )
    .argument('<dir>', 'model folder')
    .argument('<text>', 'text to split')
    .option('--json', 'print {"ids": [...]}')
    .action((directory: string, text: string, options: { json?: boolean }) => tokenize(io, directory, text, options))
  return examples(command, 'tokenize models/mistral-7b-instruct-v0.2 "Hello, world"')
}

async function tokenize(io: Io, directory: string, text: string, { json }: { json?: boolean }): Promise<void> {
  const folder = diskFolder(directory)
  const config = (await folder.has('config.json'))
    ? readConfig(await folder.text('config.json'), `${directory}/config.json`)
    : (await folder.has('params.json'))
      ? readParams(await folder.text('params.json'), `${directory}/params.json`)
      : {}
  const found = await loadText(folder, config)
  if (found === null)
    throw new InputError(`${directory}: expected a tokenizer.json, tekken.json or tokenizer.model, found none`)
  const { tokenizer } = found
  const ids = [...tokenizer.encode(text)]
  if (json) return await write(io.stdout, `${JSON.stringify({ ids })}\n`)
  const width = String(Math.max(0, ...ids)).length
  // Decoded alone, a token would lose the space in front.
  const shown = (id: number) =>
    new TextDecoder().decode(tokenizer.bytes(id)) || tokenizer.decode([id], { control: true })
  const line = (id: number) => `${String(id).padStart(width)}  ${JSON.stringify(shown(id))}\n`
  await write(io.stdout, ids.map(line).join(''))
}
