import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { chatCompletion, chatCompletionChunk, type ChatCompletionChunk } from '../schema/responses.ts'
import { choiceText } from '../text/choice-text.ts'
import { merge } from '../text/merge.ts'
import { all, mistral, recorded, smollm2, spelled, tokenizers, type Recorded } from '../text/recorded.fixture.ts'
import { chatChunks } from './chat-chunks.ts'
import type { ReplyMeta } from './reply-chunks.ts'
import { foldChat } from './fold.ts'
import { parseSse, readAll, recut } from './sse-parser.fixture.ts'
import { sse } from './sse.ts'
import { Tally } from './usage.ts'

const meta: ReplyMeta = {
  id: 'chatcmpl-1',
  created: 1694623155,
  model: 'mistralai/Mistral-7B-Instruct-v0.2',
  fingerprint: 'fp_1',
  price: 0.07,
  includeUsage: true,
  promptTokens: 15,
  n: 1,
  logprobs: null,
}
const onError = (error: unknown): object => ({ error: { message: (error as Error).message } })

function chunksOf(
  generations: readonly Recorded[],
  told: Partial<ReplyMeta> = {},
  stop: readonly string[] = [],
  tokenizer = smollm2,
) {
  const options = { tokenizer, stop, end: [2], continues: false }
  const n = generations.length
  return chatChunks({ ...meta, n, ...told }, merge(generations.map((one) => choiceText(one, options))))
}

/** Tokens with made-up log-probabilities. */
const drawn = (ids: readonly number[]) =>
  ids.map((token, i) => ({
    token,
    logprob: -(1 + i) / 7,
    likeliest: [
      { token, logprob: -(1 + i) / 7 },
      { token: 5 + i, logprob: -2 - i },
      { token: 2, logprob: -Infinity },
    ],
  }))

const hello = [...smollm2.encode('Hello there')]

describe('chatChunks', () => {
  it('writes what OpenAI writes', async () => {
    const head = {
      id: 'chatcmpl-1',
      object: 'chat.completion.chunk',
      created: 1694623155,
      model: meta.model,
      system_fingerprint: 'fp_1',
    }
    const chunk = (delta: object, finish_reason: string | null = null) => ({
      ...head,
      choices: [{ index: 0, delta, logprobs: null, finish_reason }],
      usage: null,
    })
    const found = await all(chunksOf([recorded(drawn([...hello, 2]), { reason: 'stop', cached: 10 })]))
    expect(found).toEqual([
      chunk({ role: 'assistant', content: '' }),
      chunk({ content: 'Hello' }),
      chunk({ content: ' there' }),
      chunk({}, 'stop'),
      {
        ...head,
        choices: [],
        usage: {
          prompt_tokens: 15,
          completion_tokens: 3,
          total_tokens: 18,
          prompt_tokens_details: { cached_tokens: 10 },
          estimated_cost: 0.00000126,
        },
      },
    ])
  })

  it('says nothing of usage unless it is asked', async () => {
    const found = await all(chunksOf([recorded(drawn(hello))], { includeUsage: false }))
    expect(found.map((chunk) => 'usage' in chunk)).toEqual([false, false, false, false])
    await expect(foldChat(chunksOf([recorded(drawn(hello))], { includeUsage: false }))).rejects.toThrow('usage')
  })

  it('folds no choice that has not ended', async () => {
    const cutShort = async function* () {
      for await (const chunk of chunksOf([recorded(drawn(hello))])) {
        if (chunk.choices[0]?.finish_reason !== 'length') yield chunk
      }
    }
    await expect(foldChat(cutShort())).rejects.toThrow('choice 0 ended without a finish_reason')
  })

  it('counts a prompt once, its cached tokens as the first choice found them', async () => {
    const choices = [
      recorded(drawn(hello), { cached: 15 }),
      recorded(drawn([...hello, 2]), { cached: 4, reason: 'stop' }),
    ]
    const { usage } = await foldChat(chunksOf(choices))
    expect(usage).toMatchObject({
      prompt_tokens: 15,
      completion_tokens: 5,
      prompt_tokens_details: { cached_tokens: 4 },
    })
  })

  it('counts every token drawn, also those of a stop string', async () => {
    const tokens = drawn([...smollm2.encode('one two three four')])
    const { usage, choices } = await foldChat(chunksOf([recorded(tokens)], {}, [' two three']))
    expect(choices[0]!.message.content).toBe('one')
    expect(usage).toMatchObject({ completion_tokens: 3, total_tokens: 18 })
  })

  it('gives the names and bytes of tokens, and −9999 for what is impossible', async () => {
    const [first, ...rest] = smollm2.encode('𓀀')
    const { choices } = await foldChat(
      chunksOf([recorded(drawn([first!, ...rest, 2]), { reason: 'stop' })], { logprobs: 3 }),
    )
    const { message, logprobs } = choices[0]!
    expect(message.content).toBe('𓀀')
    expect(logprobs!.content).toHaveLength(1 + rest.length)
    const hex = Array.from(smollm2.bytes(first!), (byte) => `\\x${byte.toString(16)}`).join('')
    expect(logprobs!.content![0]).toEqual({
      token: `bytes:${hex}`,
      logprob: -1 / 7,
      bytes: [...smollm2.bytes(first!)],
      top_logprobs: [
        { token: `bytes:${hex}`, logprob: -1 / 7, bytes: [...smollm2.bytes(first!)] },
        { token: '<file_sep>', logprob: -2, bytes: null },
        { token: '<|im_end|>', logprob: -9999, bytes: null },
      ],
    })
  })

  it('gives as many of the likeliest as were asked for, none for 0', async () => {
    for (const top of [0, 1, 2]) {
      const { choices } = await foldChat(chunksOf([recorded(drawn(hello))], { logprobs: top }))
      expect(choices[0]!.logprobs!.content!.map(({ top_logprobs }) => top_logprobs.length)).toEqual([top, top])
    }
  })

  it('has an empty list where log-probabilities were asked for and there is no token', async () => {
    const { choices } = await foldChat(chunksOf([recorded([])], { logprobs: 0 }))
    expect(choices).toEqual([
      {
        index: 0,
        message: { role: 'assistant', content: '', refusal: null },
        logprobs: { content: [], refusal: null },
        finish_reason: 'length',
      },
    ])
  })

  it('tells a tally what has passed so far', async () => {
    const tally = new Tally(meta)
    const chunks = chunksOf([recorded(drawn(hello), { hangs: true })], { tally })
    for (let i = 0; i < 3; i++) await chunks.next()
    await chunks.return(undefined)
    expect(tally.usage()).toMatchObject({ completion_tokens: 2, total_tokens: 17 })
    expect(tally.finishReasons.size).toBe(0)
  })
})

/** Joins what a client hears of one choice. */
function heard(chunks: readonly ChatCompletionChunk[], index: number) {
  const choices = chunks.flatMap(({ choices }) => choices.filter((choice) => choice.index === index))
  return {
    choices,
    content: choices.map(({ delta }) => delta.content ?? '').join(''),
    reasons: choices.flatMap(({ finish_reason }) => finish_reason ?? []),
    logprobs: choices.flatMap(({ logprobs }) => logprobs?.content ?? []),
  }
}

describe.each(tokenizers)('stream and plain reply, %s', (_, tokenizer) => {
  const choice = fc.record({
    spelled: spelled(tokenizer),
    delays: fc.array(fc.nat(2), { minLength: 1, maxLength: 4 }),
    ends: fc.boolean(),
  })
  const lengths = fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1, maxLength: 5 })
  const stop = fc.array(fc.constantFrom('é', 'a b', '語🙂', 'bb', '𓀀\n'), { maxLength: 3 })

  it('are the same, for any number of choices, however the stream is cut', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(choice, { minLength: 1, maxLength: 5 }),
        lengths,
        stop,
        async (choices, lengths, stop) => {
          const generations = () =>
            choices.map(({ spelled, delays, ends }) =>
              recorded(drawn(ends ? [...spelled.ids, 2] : spelled.ids), { delays, reason: ends ? 'stop' : 'length' }),
            )
          const bytes = await readAll(sse(chunksOf(generations(), { logprobs: 1 }, stop, tokenizer), { onError }))
          const { data } = parseSse(recut(bytes, lengths))
          expect(data.pop()).toBe('[DONE]')
          const chunks = data.map((one) => chatCompletionChunk.parse(JSON.parse(one)))
          const plain = chatCompletion.parse(await foldChat(chunksOf(generations(), { logprobs: 1 }, stop, tokenizer)))

          expect(plain.choices.map(({ index }) => index)).toEqual(choices.map((_, i) => i))
          for (const { index, message, finish_reason, logprobs } of plain.choices) {
            const stream = heard(chunks, index)
            expect(stream.content).toBe(message.content)
            expect(stream.reasons).toEqual([finish_reason])
            expect(stream.choices.at(-1)!.delta).toEqual({})
            expect(stream.choices.map(({ delta }) => delta.role)).toEqual([
              'assistant',
              ...stream.choices.slice(1).map(() => undefined),
            ])
            expect(stream.logprobs).toEqual(logprobs!.content)
            expect(Buffer.from(stream.logprobs.flatMap(({ bytes }) => bytes!))).toEqual(Buffer.from(stream.content))
            for (const { token, bytes } of stream.logprobs) {
              if (!token.startsWith('bytes:')) expect(Buffer.from(token)).toEqual(Buffer.from(bytes!))
            }
          }
          const { usage: last, choices: none } = chunks.pop()!
          expect([last, none]).toEqual([plain.usage, []])
          expect(chunks.map(({ usage }) => usage)).toEqual(chunks.map(() => null))
        },
      ),
      { seed: 9, numRuns: 150 },
    )
  })
})

describe('a reader who leaves', () => {
  it.each([0, 1, 5])('cancels every generation, after %i reads', async (reads) => {
    const generations = Array.from({ length: 3 }, () => recorded(drawn(hello), { hangs: true }))
    const reader = sse(chunksOf(generations), { onError }).getReader()
    for (let i = 0; i < reads; i++) await reader.read()
    await reader.cancel()
    expect(generations.map(({ cancelled }) => cancelled)).toEqual([true, true, true])
  })

  it('cancels them also while it waits for what does not come', async () => {
    const generations = [recorded([], { hangs: true })]
    const reader = sse(chunksOf(generations), { onError }).getReader()
    await reader.read()
    const waiting = reader.read()
    await reader.cancel()
    expect(await waiting).toMatchObject({ done: true })
    expect(generations[0]!.cancelled).toBe(true)
  })

  it('holds the generations up when it does not read', async () => {
    const long = drawn(new Array<number>(500).fill(hello[0]!))
    const generations = [recorded(long), recorded(long)]
    const reader = sse(chunksOf(generations), { onError }).getReader()
    for (let i = 0; i < 10; i++) await reader.read()
    await new Promise((resolve) => setTimeout(resolve, 10))
    for (const { read } of generations) expect(read).toBeLessThanOrEqual(10)
    await reader.cancel()
  })
})

it('fails as the generation fails, in the middle of a stream and of a plain reply', async () => {
  const error = new Error('the pass failed')
  const other = () => recorded(drawn(hello), { hangs: true })
  const stream = [recorded(drawn(hello), { error }), other()]
  const { data } = parseSse(await readAll(sse(chunksOf(stream, {}, [], mistral), { onError })))
  expect(data.slice(-2)).toEqual(['{"error":{"message":"the pass failed"}}', '[DONE]'])
  const plain = [recorded(drawn(hello), { error }), other()]
  await expect(foldChat(chunksOf(plain))).rejects.toThrow(error)
  expect([...stream, ...plain].map(({ cancelled }) => cancelled)).toEqual([true, true, true, true])
})
