import { generate, type Message, type Sampling } from '@tramontane/core'
import {
  chatCompletion,
  chatCompletionChunk,
  errorBody,
  type ChatCompletion,
  type ChatCompletionChunk,
} from './schema/responses.ts'
import { chunksOf, servedHandler } from './served-handler.fixture.ts'
import type { TinyServing } from './tiny-serving.fixture.ts'

export const user = (content: string) => [{ role: 'user', content }] as const

/** A short question; what tests change of it they say. */
export const hello = { model: 'tiny', messages: user('Hello!'), temperature: 0, max_tokens: 12 }

/** Asks a tiny model for chats, in every way. */
export function chatClient(tiny: TinyServing) {
  const { post } = servedHandler(tiny)
  const path = '/v1/chat/completions'
  return {
    post,
    async ask(changes: object = {}): Promise<ChatCompletion> {
      const response = await post(path, { ...hello, ...changes })
      if (response.status !== 200) throw new Error(`${response.status} ${await response.text()}`)
      return chatCompletion.strict().parse(await response.json())
    },
    async stream(changes: object = {}): Promise<ChatCompletionChunk[]> {
      const chunks = await chunksOf(await post(path, { ...hello, ...changes, stream: true }))
      return chunks.map((chunk) => chatCompletionChunk.strict().parse(chunk))
    },
    async refused(changes: object) {
      const response = await post(path, { ...hello, ...changes })
      const { message, param, code } = errorBody.parse(await response.json()).error
      return { status: response.status, message, param, code }
    },
    /** What the model says when nothing of the server is in between. */
    async alone(sampling: Sampling, messages: readonly Message[] = hello.messages) {
      const prompt = tiny.loaded.chat!.encode(messages)
      const sequence = tiny.program.open(512)
      const tokens: number[] = []
      for await (const { token } of generate(tiny.program, sequence, prompt, { maxTokens: 12, sampling })) {
        tokens.push(token)
      }
      sequence.close()
      return { prompt, tokens, text: tiny.model.tokenizer.decode(tokens) }
    },
  }
}

/** Text of one choice of a stream. */
export function textOf(chunks: readonly ChatCompletionChunk[], index = 0): string {
  const choices = chunks.flatMap(({ choices }) => choices.filter((choice) => choice.index === index))
  return choices.map(({ delta }) => delta.content ?? '').join('')
}
