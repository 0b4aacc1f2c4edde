import { createInterface, type Interface } from 'node:readline'
import { InputError, type Sampling } from '@tramontane/core'
import { Command } from 'commander'
import { Conversation } from '../conversation.ts'
import { withEngine, type Engine } from '../engine.ts'
import { examples } from '../examples.ts'
import { write, type Io } from '../io.ts'
import { modelOption } from '../model-option.ts'
import { nonNegative, positiveWholeNumber, wholeNumber } from '../numbers.ts'
import { progress } from '../progress.ts'
import { backendOption } from '../backend-option.ts'

interface Options extends Sampling {
  readonly model: string
  readonly backend: string
  readonly maxTokens?: number
  readonly system?: string
}

export function chatCommand(io: Io): Command {
  const command = new Command('chat')
    .description('Talks with a model. With a prompt: answers it and exits. Ctrl-C stops an answer, Ctrl-D leaves.')
    .argument('[prompt]', 'what to say')
    .addOption(modelOption())
    .option('--max-tokens <n>', 'most tokens of one answer', positiveWholeNumber)
    .option('--temperature <t>', '0 takes the likeliest token', nonNegative, 0)
    .option('--seed <n>', 'equal seeds draw equal tokens', wholeNumber)
    .option('--system <text>', 'system message')
    .addOption(backendOption())
    .action((prompt: string | undefined, options: Options) =>
      withEngine(options.model, io, options.backend, (engine) => chat(io, engine, prompt, options)),
    )
  return examples(
    command,
    'chat',
    'chat "What is the capital of France?"',
    'echo "Tell me a joke." | tramontane chat --temperature 0.8',
  )
}

async function chat(io: Io, engine: Engine, prompt: string | undefined, options: Options): Promise<void> {
  const { maxTokens, system, temperature, seed } = options
  const conversation = new Conversation(engine, {
    sampling: { ...(temperature === undefined ? {} : { temperature }), ...(seed === undefined ? {} : { seed }) },
    ...(maxTokens === undefined ? {} : { maxTokens }),
    ...(system === undefined ? {} : { system }),
  })
  try {
    if (prompt !== undefined) await answer(io, conversation, prompt, io.signal)
    else await converse(io, engine, conversation)
  } finally {
    await conversation.close()
  }
}

async function answer(io: Io, conversation: Conversation, text: string, signal?: AbortSignal): Promise<void> {
  const bar = progress(io, 'reading')
  try {
    for await (const piece of conversation.say(text, { progress: bar.update, ...(signal ? { signal } : {}) })) {
      bar.stop()
      await write(io.stdout, piece)
    }
  } finally {
    bar.stop()
  }
  await write(io.stdout, '\n')
}

/** One line, one turn, from a person or a pipe. */
async function converse(io: Io, { model, backend }: Engine, conversation: Conversation): Promise<void> {
  const terminal = io.stdin.isTTY === true && io.stdout.isTTY === true
  const lines = createInterface({ input: io.stdin, terminal, prompt: '> ', ...(terminal ? { output: io.stdout } : {}) })
  if (terminal) {
    await write(
      io.stdout,
      `${model.name} on ${backend.name}. Ctrl-C stops an answer; /reset starts over; /exit leaves.\n`,
    )
  }
  let stop: AbortController | undefined
  let open = true
  const leave = () => lines.close()
  lines.on('close', () => (open = false))
  lines.on('SIGINT', () => interrupt(lines, stop))
  io.signal?.addEventListener('abort', leave)
  const ask = () => void (terminal && open && lines.prompt())
  ask()
  try {
    for await (const line of lines) {
      const text = line.trim()
      if (text === '/exit' || io.signal?.aborted) break
      if (text === '/reset') conversation.reset()
      else if (text !== '') {
        stop = new AbortController()
        const signal = io.signal ? AbortSignal.any([stop.signal, io.signal]) : stop.signal
        await answer(io, conversation, text, signal).catch((error: unknown) => complain(io, terminal, error))
        stop = undefined
      }
      ask()
    }
  } finally {
    io.signal?.removeEventListener('abort', leave)
    lines.close()
  }
}

/** Ctrl-C: stops the answer, else clears what is being typed, else leaves. */
function interrupt(lines: Interface, stop: AbortController | undefined): void {
  if (stop !== undefined) stop.abort()
  else if (lines.line === '') lines.close()
  else lines.write(null, { ctrl: true, name: 'u' })
}

/** Bad input, such as a conversation that outgrew the context, ends a pipe but not a person's chat. */
function complain({ stderr }: Io, terminal: boolean, error: unknown): void {
  if (!terminal || !(error instanceof InputError)) throw error
  stderr.write(`${error.message}\n`)
}
