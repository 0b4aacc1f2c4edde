import { afterAll, describe, expect, test } from 'vitest'
import { chatClient, hello, textOf, user } from '../chat-client.fixture.ts'
import type { ChatCompletion, ChatCompletionChunk } from '../schema/responses.ts'
import { chunksOf, servedHandler } from '../served-handler.fixture.ts'
import { tinyServing } from '../tiny-serving.fixture.ts'

const tiny = await tinyServing()
afterAll(() => tiny.close())
const { post, ask, stream, refused, alone } = chatClient(tiny)
const { tokenizer } = tiny.model

describe('a plain reply', () => {
  test('is what the model says', async () => {
    const { prompt, text } = await alone({})
    const before = Math.floor(Date.now() / 1000)
    const reply = await ask()
    expect(reply.id).toMatch(/^chatcmpl-[0-9a-f]{32}$/)
    expect(reply.created).toBeGreaterThanOrEqual(before)
    expect(reply).toMatchObject({ object: 'chat.completion', model: 'tiny', system_fingerprint: 'fp_tiny' })
    expect(reply.choices).toEqual([
      {
        index: 0,
        message: { role: 'assistant', content: text, refusal: null },
        logprobs: null,
        finish_reason: 'length',
      },
    ])
    const total = prompt.length + 12
    expect(reply.usage).toMatchObject({ prompt_tokens: prompt.length, completion_tokens: 12, total_tokens: total })
    expect(reply.usage.estimated_cost).toBeCloseTo((total * 0.07) / 1e6, 15)
  })

  test('by another name and another path is the same, under that name', async () => {
    const response = await post('/v1/openai/chat/completions', { ...hello, model: 'tiny/alias' })
    const reply = (await response.json()) as ChatCompletion
    expect(reply.model).toBe('tiny/alias')
    expect(reply.choices).toEqual((await ask()).choices)
  })

  test('costs what the operator says', async () => {
    const dear = servedHandler(tiny, { price: 2e6 })
    const { usage } = (await (await dear.post('/v1/chat/completions', hello)).json()) as ChatCompletion
    expect(usage.estimated_cost).toBe(2 * usage.total_tokens)
  })

  test('ends with an end token, which is counted and not shown', async () => {
    const { tokens } = await alone({})
    const reply = await ask({ stop_token_ids: [tokens[4]] })
    expect(reply.choices[0]).toMatchObject({ finish_reason: 'stop' })
    expect(reply.choices[0].message.content).toBe(tokenizer.decode(tokens.slice(0, 4)))
    expect(reply.usage.completion_tokens).toBe(5)
  })

  test('ends with the end token of the model, unless that is to be ignored', async () => {
    const end = { logit_bias: { '2': 100 }, max_tokens: 5 }
    const stopped = await ask(end)
    expect(stopped.choices[0]).toMatchObject({ message: { content: '' }, finish_reason: 'stop' })
    expect(stopped.usage.completion_tokens).toBe(1)
    const ignored = await ask({ ...end, ignore_eos: true })
    expect(ignored.choices[0]).toMatchObject({ message: { content: '' }, finish_reason: 'length' })
    expect(ignored.usage.completion_tokens).toBe(5)
  })
})

describe('a stream', () => {
  test('says the same as the plain reply', async () => {
    const response = await post('/v1/chat/completions', { ...hello, stream: true })
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8')
    expect(response.headers.get('cache-control')).toBe('no-cache')
    expect(response.headers.get('x-request-id')).toMatch(/./)
    const chunks = await chunksOf<ChatCompletionChunk>(response)
    const plain = await ask()
    expect(textOf(chunks)).toBe(plain.choices[0].message.content)
    expect(new Set(chunks.map(({ id, created, model }) => `${id} ${created} ${model}`)).size).toBe(1)
    expect(chunks[0].choices[0].delta).toEqual({ role: 'assistant', content: '' })
    expect(chunks.filter(({ choices }) => choices[0].finish_reason !== null)).toHaveLength(1)
    expect(chunks.at(-1)!.choices[0]).toMatchObject({ delta: {}, finish_reason: 'length' })
    expect(chunks.some((chunk) => 'usage' in chunk)).toBe(false)
  })

  test('tells the usage last, where asked to', async () => {
    const chunks = await stream({ stream_options: { include_usage: true } })
    expect(chunks.slice(0, -1).every(({ usage }) => usage === null)).toBe(true)
    const { choices, usage } = chunks.at(-1)!
    const again = (await ask()).usage
    expect(choices).toEqual([])
    expect(usage).toEqual({ ...again, prompt_tokens_details: usage!.prompt_tokens_details })
  })

  test('of several choices has each of them whole', async () => {
    const wanted = { n: 3, temperature: 1, seed: 7 }
    const [chunks, plain] = [await stream(wanted), await ask(wanted)]
    for (const { index, message } of plain.choices) expect(textOf(chunks, index)).toBe(message.content)
    const reasons = chunks.flatMap(({ choices }) => choices.flatMap(({ finish_reason: reason }) => reason ?? []))
    expect(reasons).toEqual(['length', 'length', 'length'])
  })
})

describe('lengths', () => {
  test.each([0, 1])('max_tokens %i', async (max) => {
    for (const name of ['max_tokens', 'max_completion_tokens']) {
      const { choices, usage } = await ask({ max_tokens: undefined, [name]: max })
      expect(choices[0].finish_reason).toBe('length')
      expect(usage.completion_tokens).toBe(max)
      if (max === 0) expect(choices[0].message.content).toBe('')
    }
    const chunks = await stream({ max_tokens: max })
    expect(chunks[0].choices[0].delta.role).toBe('assistant')
    expect(chunks.at(-1)!.choices[0].finish_reason).toBe('length')
  })

  /** A prompt of just so many tokens. */
  function promptOf(count: number): string {
    const empty = tiny.loaded.chat!.encode(user('')).length
    const text = ' the'.repeat(count - empty)
    expect(tiny.loaded.chat!.encode(user(text))).toHaveLength(count)
    return text
  }

  test('what goes beyond the context is cut to what there is room for', async () => {
    const messages = user(promptOf(508))
    for (const max of [4, 5, 100_000, null]) {
      const { usage, choices } = await ask({ messages, max_tokens: max })
      expect([usage.completion_tokens, usage.total_tokens, choices[0].finish_reason]).toEqual([4, 512, 'length'])
    }
  })

  test('a prompt that fills the context leaves room for no answer', async () => {
    const messages = user(promptOf(512))
    const { message, ...rest } = await refused({ messages })
    expect(rest).toEqual({ status: 400, param: 'messages', code: 'context_length_exceeded' })
    expect(message).toMatch(/512.*513.*512/)
    expect((await ask({ messages, max_tokens: 0 })).usage.total_tokens).toBe(512)
  })

  test.each(['a', ' ', '€', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', '<|im_end|>'])('much too long a prompt of %j is refused at once', async (text) => {
    const started = performance.now()
    const messages = user(text.repeat(Math.floor(600_000 / text.length)))
    for (const streamed of [true, false]) {
      const { message, ...rest } = await refused({ messages, stream: streamed })
      expect(rest).toEqual({ status: 400, param: 'messages', code: 'context_length_exceeded' })
      expect(message).toContain('512 tokens')
    }
    expect(performance.now() - started).toBeLessThan(2000)
  })
})

describe('stop strings', () => {
  test('end the answer before them, wherever tokens part them', async () => {
    const whole = (await ask()).choices[0].message.content!
    for (const [from, to] of [
      [0, 2],
      [3, 9],
      [whole.length - 3, whole.length],
    ]) {
      const stop = whole.slice(from, to)
      const expected = whole.slice(0, whole.indexOf(stop))
      const { choices } = await ask({ stop: ['never in it', stop] })
      expect(choices[0]).toMatchObject({ message: { content: expected }, finish_reason: 'stop' })
      expect(textOf(await stream({ stop }))).toBe(expected)
    }
  })

  test('stop the engine too', async () => {
    const whole = (await ask()).choices[0].message.content!
    const before = tiny.engine.state().generatedTokens
    const { usage } = await ask({ stop: whole.slice(0, 2), max_tokens: 400 })
    expect(usage.completion_tokens).toBe(1)
    expect(tiny.engine.state().generatedTokens - before).toBeLessThan(20)
    expect(tiny.engine.state().live).toBe(0)
  })
})

describe('log-probabilities', () => {
  test('are of the tokens whose bytes make the text', async () => {
    const reply = await ask({ logprobs: true, top_logprobs: 3 })
    const [{ message, logprobs }] = reply.choices
    const content = logprobs!.content!
    expect(content).toHaveLength(12)
    expect(Buffer.from(content.flatMap(({ bytes }) => bytes!)).toString()).toBe(message.content)
    for (const { logprob, top_logprobs: top } of content) {
      expect(top).toHaveLength(3)
      expect(logprob).toBe(top[0].logprob) // At temperature 0 the likeliest is drawn.
      expect(top.map((one) => one.logprob)).toEqual(top.map((one) => one.logprob).sort((a, b) => b - a))
      expect(top.reduce((sum, one) => sum + Math.exp(one.logprob), 0)).toBeLessThanOrEqual(1)
    }
    const chunks = await stream({ logprobs: true, top_logprobs: 3 })
    const streamed = chunks.flatMap(({ choices }) => choices[0].logprobs?.content ?? [])
    expect(streamed).toEqual(content)
  })

  test('without others beside them', async () => {
    const { choices } = await ask({ logprobs: true })
    expect(choices[0].logprobs!.content!.map(({ top_logprobs: top }) => top)).toEqual(Array(12).fill([]))
  })

  test('change no token', async () => {
    const sampled = { temperature: 1, seed: 5 }
    const [without, withThem] = [await ask(sampled), await ask({ ...sampled, logprobs: true })]
    expect(withThem.choices[0].message).toEqual(without.choices[0].message)
  })
})
