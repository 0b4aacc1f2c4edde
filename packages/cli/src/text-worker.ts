import { prompts } from '@tramontane/api'
import { channel, InputError, loadText, moved, type Moved } from '@tramontane/core'
import { diskFolder } from '@tramontane/core/disk'
import { workerData } from 'node:worker_threads'
import type { ChatOrder, TextOrder } from './serve/text-thread.ts'

// Started by `textThread`: templates and tokenizers take seconds over long texts, during which a server must go on.
const { port, directory, expected } = workerData as TextOrder
const text = await loadText(diskFolder(directory), expected)
if (text === null) throw new InputError(`${directory}: expected a tokenizer, found none`)
const { chat, text: encode } = prompts(text)

channel(port, {
  ready: () => true,
  chat: async ({ messages, tools }: ChatOrder) => whole(await chat(messages, tools && { tools })),
  text: async ({ text, prefix }: { text: string; prefix: boolean }) => whole(await encode(text, { prefix })),
})

function whole(ids: Int32Array): Int32Array | Moved {
  return moved(ids, ids)
}
