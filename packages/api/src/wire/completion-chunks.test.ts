import fc from 'fast-check'
import type { DrawnToken } from '@tramontane/core'
import { describe, expect, it } from 'vitest'
import { completion, completionChunk } from '../schema/responses.ts'
import { choiceText } from '../text/choice-text.ts'
import { merge } from '../text/merge.ts'
import {
  all,
  mistral,
  passage,
  recorded,
  smollm2,
  spelled,
  tokenizers,
  type Recorded,
} from '../text/recorded.fixture.ts'
import { completionChunks, type CompletionMeta } from './completion-chunks.ts'
import { foldCompletion } from './fold.ts'

const meta: CompletionMeta = {
  id: 'cmpl-1',
  created: 1694623155,
  model: 'm',
  fingerprint: 'fp_1',
  price: 0.07,
  includeUsage: true,
  promptTokens: 4,
  n: 1,
  logprobs: null,
  tokenizer: smollm2,
}

function chunksOf(generations: readonly Recorded[], told: Partial<CompletionMeta> = {}) {
  const { tokenizer } = { ...meta, ...told }
  const options = { tokenizer, stop: [], end: [2], continues: true }
  return completionChunks({ ...meta, ...told }, merge(generations.map((one) => choiceText(one, options))))
}

const said = (ids: Iterable<number>): DrawnToken[] =>
  Array.from(ids, (token, i) => ({ token, logprob: -1 - i, likeliest: [{ token: 0, logprob: -0.5 }] }))
const ids = (text: string): number[] => [...smollm2.encode(text)]

describe('completionChunks', () => {
  it('writes what OpenAI writes', async () => {
    const head = {
      id: 'cmpl-1',
      object: 'text_completion',
      created: 1694623155,
      model: 'm',
      system_fingerprint: 'fp_1',
    }
    const chunk = (text: string, finish_reason: string | null = null) => ({
      ...head,
      choices: [{ index: 0, text, logprobs: null, finish_reason }],
      usage: null,
    })
    const found = await all(chunksOf([recorded(said(ids(' there!')))]))
    expect(found.slice(0, -1)).toEqual([chunk(' there'), chunk('!'), chunk('', 'length')])
    expect(found.at(-1)).toMatchObject({
      choices: [],
      usage: { prompt_tokens: 4, completion_tokens: 2, total_tokens: 6 },
    })
  })

  it('gives every token its log-probability, also the one that ended the text', async () => {
    const { choices } = await foldCompletion(
      chunksOf([recorded(said([...ids(' there!'), 2]), { reason: 'stop' })], { logprobs: 1 }),
    )
    expect(choices).toEqual([
      {
        index: 0,
        text: ' there!',
        logprobs: {
          tokens: [' there', '!', '<|im_end|>'],
          token_logprobs: [-1, -2, -3],
          top_logprobs: [
            { '<|endoftext|>': -0.5, ' there': -1 },
            { '<|endoftext|>': -0.5, '!': -2 },
            { '<|endoftext|>': -0.5, '<|im_end|>': -3 },
          ],
          text_offset: [0, 6, 7],
        },
        finish_reason: 'stop',
      },
    ])
  })

  it('takes none of the likeliest for 0, and keeps a token whose name every object has', async () => {
    const proto = ids('__proto__')
    const { choices } = await foldCompletion(chunksOf([recorded(said(proto))], { logprobs: 0 }))
    expect(choices[0]!.logprobs!.top_logprobs).toEqual(
      choices[0]!.logprobs!.tokens.map((token, i) => ({ [token]: -1 - i })),
    )
    const single = { token: proto[0]!, logprob: -1 }
    const name = { ...smollm2, bytes: () => Buffer.from('__proto__') }
    const reply = await foldCompletion(chunksOf([recorded([single])], { logprobs: 0, tokenizer: name }))
    expect(JSON.stringify(reply.choices[0]!.logprobs!.top_logprobs)).toBe('[{"__proto__":-1}]')
  })

  it('keeps the likeliest of two tokens that look the same', async () => {
    const [a] = ids('a')
    const same = Array.from({ length: mistral.size }, (_, id) => id).filter(
      (id) => Buffer.from(mistral.bytes(id)).toString() === 'a',
    )
    // The letter, and the byte 0x61.
    expect(same).toHaveLength(2)
    const token = { token: same[0]!, logprob: -3, likeliest: [{ token: same[1]!, logprob: -1 }] }
    const { choices } = await foldCompletion(chunksOf([recorded([token])], { logprobs: 1, tokenizer: mistral }))
    expect(choices[0]!.logprobs).toMatchObject({ token_logprobs: [-3], top_logprobs: [{ a: -1 }] })
    expect(a).toBeDefined()
  })

  it('returns each prompt in front of its choices', async () => {
    const prompts = ['One 🙂', 'two'].map((text) => ({ text, ids: Int32Array.from(ids(text)) }))
    const generations = ['a', 'b', 'c', 'd'].map((text) => recorded(said(ids(text))))
    const { choices } = await foldCompletion(chunksOf(generations, { n: 2, echo: prompts }))
    expect(choices.map(({ index, text }) => [index, text])).toEqual([
      [0, 'One 🙂a'],
      [1, 'One 🙂b'],
      [2, 'twoc'],
      [3, 'twod'],
    ])
  })

  it('aligns the log-probabilities of prompt and text, null for the first, offsets in characters', async () => {
    const prompt = [1, ...ids('🙂é x')]
    const generation = recorded(said(ids(' there')), { prompt: [null, ...said(prompt.slice(1))] })
    const echo = [{ ids: Int32Array.from(prompt) }]
    const { choices } = await foldCompletion(chunksOf([generation], { echo, logprobs: 0 }))
    const { text, logprobs } = choices[0]!
    expect(text).toBe('🙂é x there')
    expect(logprobs!.tokens[0]).toBe('<|im_start|>')
    expect(logprobs!.token_logprobs).toEqual([null, ...prompt.slice(1).map((_, i) => -1 - i), -1])
    expect(logprobs!.top_logprobs![0]).toBeNull()
    expect(logprobs!.text_offset.at(-1)).toBe(4)
    expect(logprobs!.text_offset).toHaveLength(prompt.length + 1)
  })

  it('returns a prompt of ids that ends within a character, all its tokens included', async () => {
    const prompt = ids('a𓀀').slice(0, -1)
    const generation = recorded(said(ids('b')), { prompt: [null, ...said(prompt.slice(1))] })
    const { choices } = await foldCompletion(
      chunksOf([generation], { echo: [{ ids: Int32Array.from(prompt) }], logprobs: 0 }),
    )
    const { text, logprobs } = choices[0]!
    expect(text).toBe('a\ufffdb')
    expect(logprobs!.tokens).toHaveLength(prompt.length + 1)
    expect(logprobs!.text_offset).toEqual([0, ...prompt.slice(1).map(() => 1), 2])
  })
})

describe.each(tokenizers)('echo, %s', (_, tokenizer) => {
  it('has tokens that are the text, from where their offsets say', async () => {
    await fc.assert(
      fc.asyncProperty(passage, spelled(tokenizer), async (text, answer) => {
        const prompt = Int32Array.from([...tokenizer.prefix, ...tokenizer.encode(text)])
        const generation = recorded(said(answer.ids), {
          prompt: said(prompt).map((token, i) => (i === 0 ? null : token)),
        })
        const chunks = await all(chunksOf([generation], { echo: [{ ids: prompt, text }], logprobs: 0, tokenizer }))
        for (const chunk of chunks) completionChunk.parse(chunk)
        const reply = completion.parse(
          await foldCompletion(
            (async function* () {
              yield* chunks
            })(),
          ),
        )
        const { text: whole, logprobs } = reply.choices[0]!
        expect(whole).toBe(text + answer.text)
        const { tokens, text_offset } = logprobs!
        expect(tokens).toHaveLength(prompt.length + answer.ids.length)
        const characters = [...whole]
        tokens.forEach((token, i) => {
          if (token.startsWith('bytes:') || tokenizer.control.has(token)) return
          expect(characters.slice(text_offset[i]).join('').startsWith(token)).toBe(true)
        })
        expect(text_offset).toEqual(text_offset.toSorted((a, b) => a - b))
      }),
      { seed: 4, numRuns: 300 },
    )
  })
})
