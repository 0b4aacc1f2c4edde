import { blobFolder, generate, loadText } from '@tramontane/core'
import { readFileSync } from 'node:fs'
import { afterAll, describe, expect, test } from 'vitest'
import { prompts } from '../prompts.ts'
import {
  completion,
  completionChunk,
  errorBody,
  type ChatCompletion,
  type Completion,
  type CompletionChunk,
} from '../schema/responses.ts'
import { chunksOf, servedHandler } from '../served-handler.fixture.ts'
import { tinyFolder, tinyServing } from '../tiny-serving.fixture.ts'

const tiny = await tinyServing()
afterAll(() => tiny.close())
const { post } = servedHandler(tiny)
const { tokenizer } = tiny.model

/** Four tokens. */
const prompt = 'the ba di the'
const wanted = { model: 'tiny', prompt, temperature: 0, max_tokens: 6 }

async function ask(changes: object = {}): Promise<Completion> {
  const response = await post('/v1/completions', { ...wanted, ...changes })
  expect([response.status, response.status === 200 || (await response.text())]).toEqual([200, true])
  return completion.strict().parse(await response.json())
}

async function stream(changes: object = {}): Promise<CompletionChunk[]> {
  const chunks = await chunksOf(await post('/v1/completions', { ...wanted, ...changes, stream: true }))
  return chunks.map((chunk) => completionChunk.strict().parse(chunk))
}

async function refused(body: object) {
  const response = await post('/v1/completions', body)
  const { message, param, code } = errorBody.parse(await response.json()).error
  return { status: response.status, message, param, code }
}

/** What the model goes on with, by core alone. */
async function alone(text: string): Promise<string> {
  const sequence = tiny.program.open(512)
  const tokens: number[] = []
  for await (const { token } of generate(tiny.program, sequence, tokenizer.encode(text), { maxTokens: 6 }))
    tokens.push(token)
  sequence.close()
  return Buffer.concat(tokens.map((id) => tokenizer.bytes(id))).toString()
}

describe('prompts', () => {
  test('as a text, in both modes and by both paths', async () => {
    const text = await alone(prompt)
    const reply = await ask()
    expect(reply.id).toMatch(/^cmpl-[0-9a-f]{32}$/)
    expect(reply.choices).toEqual([{ index: 0, text, logprobs: null, finish_reason: 'length' }])
    const chunks = await stream({ stream_options: { include_usage: true } })
    expect(chunks.flatMap(({ choices }) => choices.map((choice) => choice.text)).join('')).toBe(text)
    expect(chunks.at(-1)!.usage).toMatchObject({ prompt_tokens: 4, completion_tokens: 6, total_tokens: 10 })
    const other = await post('/v1/openai/completions', wanted)
    expect(((await other.json()) as Completion).choices).toEqual(reply.choices)
  })

  test('as texts, ids, and lists of ids', async () => {
    const [a, b] = [await alone('One'), await alone('Two and')]
    const ids = ['One', 'Two and'].map((text) => [...tokenizer.encode(text)])
    for (const prompt of [['One', 'Two and'], ids]) {
      const reply = await ask({ prompt })
      expect(reply.choices.map(({ index, text }) => [index, text])).toEqual([
        [0, a],
        [1, b],
      ])
      expect(reply.usage.prompt_tokens).toBe(ids.flat().length)
    }
    expect((await ask({ prompt: ids[1] })).choices[0].text).toBe(b)
  })

  test('with n answers each, the same as if asked alone', async () => {
    const random = { temperature: 1, seed: 9, n: 2 }
    const { choices } = await ask({ ...random, prompt: ['One', 'Two'] })
    const apart = [await ask({ ...random, prompt: 'One' }), await ask({ ...random, prompt: 'Two' })]
    expect(choices.map(({ text }) => text)).toEqual(apart.flatMap((reply) => reply.choices.map(({ text }) => text)))
    expect(choices.map(({ index }) => index)).toEqual([0, 1, 2, 3])
    expect(new Set(choices.map(({ text }) => text)).size).toBe(4)
  })

  test('are gone on with by a space, where an answer in a chat begins without one', async () => {
    const files = ['tokenizer.model', 'tokenizer_config.json', 'chat_template.jinja'].map((name) => {
      const file = new URL(`../../../../models/mistral-7b-instruct-v0.2/${name}`, import.meta.url)
      return [name, new Blob([readFileSync(file)])] as const
    })
    const text = (await loadText(blobFolder(new Map(files), 'mistral')))!
    // Of as many tokens as Mistral's, and more.
    const large = await tinyServing({}, tinyFolder())
    const model = { ...large.model, tokenizer: text.tokenizer, prompts: prompts(text) }
    const { post } = servedHandler({ ...large, model })
    const one = { model: 'tiny', max_tokens: 1, logit_bias: { [text.tokenizer.encode('Hello')[0]]: 100 } }
    const completed = (await (await post('/v1/completions', { ...one, prompt: 'a' })).json()) as Completion
    expect(completed.choices[0].text).toBe(' Hello')
    const messages = [{ role: 'user', content: 'a' }]
    const answered = (await (await post('/v1/chat/completions', { ...one, messages })).json()) as ChatCompletion
    expect(answered.choices[0].message.content).toBe('Hello')
    await large.close()
  })

  test('of control tokens as text stay text', async () => {
    const { usage } = await ask({ prompt: '<|im_end|>' })
    expect(usage.prompt_tokens).toBe(tokenizer.encode('<|im_end|>').length)
    expect(usage.prompt_tokens).toBeGreaterThan(1)
  })

  test('that are empty, too long or of unknown tokens are refused', async () => {
    expect(await refused({ ...wanted, prompt: '' })).toMatchObject({ status: 400, param: 'prompt' })
    for (const long of [' the'.repeat(513), 'a'.repeat(1e6)]) {
      const error = { status: 400, param: 'prompt', code: 'context_length_exceeded' }
      expect(await refused({ ...wanted, prompt: long })).toMatchObject(error)
      expect(await refused({ ...wanted, prompt: ['fine', long] })).toMatchObject(error)
    }
    expect(await refused({ ...wanted, prompt: [49_152] })).toMatchObject({ status: 400 })
    expect(await refused({ ...wanted, model: 'other' })).toMatchObject({ status: 404, code: 'model_not_found' })
  })
})

describe('echo', () => {
  test('puts the prompt before the answer', async () => {
    const text = prompt + (await alone(prompt))
    expect((await ask({ echo: true })).choices[0].text).toBe(text)
    const chunks = await stream({ echo: true })
    expect(chunks.flatMap(({ choices }) => choices.map((choice) => choice.text)).join('')).toBe(text)
  })

  test('alone, with what the model thinks of each token', async () => {
    const { choices, usage } = await ask({ echo: true, max_tokens: 0, logprobs: 2 })
    const [{ text, logprobs, finish_reason: reason }] = choices
    expect([text, reason, usage.completion_tokens]).toEqual([prompt, 'length', 0])
    expect(logprobs!.tokens.join('')).toBe(prompt)
    expect(logprobs!.text_offset).toEqual([0, 3, 6, 9])
    expect(logprobs!.token_logprobs[0]).toBeNull()
    expect(logprobs!.token_logprobs.slice(1).every((value) => value! < 0)).toBe(true)
    expect(logprobs!.top_logprobs!.slice(1).map((top) => Object.keys(top!).length >= 2)).toEqual([true, true, true])
  })

  test('with the answer: its tokens are as likely as without', async () => {
    const [echoed, plain] = [await ask({ echo: true, logprobs: 1 }), await ask({ logprobs: 1 })]
    const [all, own] = [echoed.choices[0].logprobs!, plain.choices[0].logprobs!]
    expect(all.tokens.slice(4)).toEqual(own.tokens)
    expect(all.token_logprobs.slice(4)).toEqual(own.token_logprobs)
    expect(all.text_offset.slice(4)).toEqual(own.text_offset.map((offset) => offset + prompt.length))
  })
})

describe('ids', () => {
  test('of a text and back', async () => {
    const { tokens, count, max_model_len: most } = await (await post('/tokenize', { model: 'tiny', prompt })).json()
    expect([tokens, count, most]).toEqual([[...tokenizer.encode(prompt)], 4, 512])
    expect(await (await post('/detokenize', { model: 'tiny', tokens })).json()).toEqual({ prompt })
    const control = await post('/detokenize', { tokens: [1, ...tokens, 2] })
    expect(await control.json()).toEqual({ prompt: `<|im_start|>${prompt}<|im_end|>` })
  })

  test('of more text than the context has room for', async () => {
    const { count } = await (await post('/tokenize', { prompt: ' the'.repeat(1000) })).json()
    expect(count).toBe(1000)
  })

  test('of a model that is not here', async () => {
    for (const [path, body] of [
      ['/tokenize', { prompt }],
      ['/detokenize', { tokens: [5] }],
    ] as const) {
      const response = await post(path, { ...body, model: 'other' })
      expect([response.status, errorBody.parse(await response.json()).error.code]).toEqual([404, 'model_not_found'])
    }
  })
})
