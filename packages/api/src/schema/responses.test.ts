import { expect, test } from 'vitest'
import * as schemas from './responses.ts'

const usage = {
  ...{ prompt_tokens: 15, completion_tokens: 16, total_tokens: 31, estimated_cost: 0.0000268 },
  prompt_tokens_details: { cached_tokens: 0 },
}
const head = { id: 'chatcmpl-guMTxWgpFf', created: 1694623155, model: 'm', system_fingerprint: 'fp' }

// The page's own example, and what OpenAI's reply has beside it.
const chat = {
  ...head,
  object: 'chat.completion',
  choices: [
    {
      ...{ index: 0, logprobs: null, finish_reason: 'stop' },
      message: { role: 'assistant', content: " Hello! It's nice to meet you.", refusal: null },
    },
  ],
  usage,
}

// OpenAI's example of a function call.
const call = {
  id: 'call_abc123',
  type: 'function',
  function: { name: 'get_current_weather', arguments: '{"location":"Boston"}' },
}

const chunk = (delta: object, rest: object = {}): object => ({
  ...{ ...head, object: 'chat.completion.chunk', ...rest },
  choices: [{ index: 0, delta, logprobs: null, finish_reason: null }],
})

const text = { index: 0, text: ' there', logprobs: null, finish_reason: 'length' }

const rightOnes: readonly (readonly [keyof typeof schemas, object])[] = [
  ['chatCompletion', chat],
  ['assistantMessage', { role: 'assistant', content: null, refusal: null, tool_calls: [call] }],
  ['chatCompletionChunk', chunk({ role: 'assistant', content: '' })],
  ['chatCompletionChunk', chunk({ content: ' Hi' }, { usage: null })],
  ['chatCompletionChunk', chunk({})],
  ['chatCompletionChunk', chunk({ tool_calls: [{ index: 0, ...call }] })],
  ['chatCompletionChunk', chunk({ tool_calls: [{ index: 0, function: { arguments: '{"lo' } }] })],
  ['chatCompletionChunk', { ...head, object: 'chat.completion.chunk', choices: [], usage }],
  [
    'logprobs',
    {
      content: [
        {
          ...{ token: 'Hi', logprob: -0.31, bytes: [72, 105] },
          top_logprobs: [{ token: 'bytes:\\xe6', logprob: -9999, bytes: [0xe6] }],
        },
      ],
      refusal: null,
    },
  ],
  ['completion', { ...head, object: 'text_completion', choices: [text], usage }],
  ['completionChunk', { ...head, object: 'text_completion', choices: [{ ...text, finish_reason: null }] }],
  [
    'completionLogprobs',
    { tokens: ['a', 'b'], token_logprobs: [null, -1], top_logprobs: [null, { b: -1 }], text_offset: [0, 1] },
  ],
  ['modelList', { object: 'list', data: [{ id: 'a', object: 'model', created: 1, owned_by: 'b', max_model_len: 8 }] }],
  ['tokenized', { tokens: [1, 2], count: 2, max_model_len: 8 }],
  ['detokenized', { prompt: 'x' }],
  ['health', { status: 'ok' }],
  ['errorBody', { error: { message: 'm', type: 't', param: null, code: null } }],
]

test.each(rightOnes)('%s takes %j', (name, value) => {
  expect(schemas[name].parse(value)).toEqual(value)
})

test.each(rightOnes)('%s misses each of its required fields', (name, value) => {
  const schema = schemas[name]
  for (const [field, { type }] of Object.entries(
    (schema as unknown as { shape: Record<string, { type: string }> }).shape,
  )) {
    const { [field]: gone, ...rest } = value as Record<string, unknown>
    void gone
    expect(schema.safeParse(rest).success, field).toBe(type === 'optional')
  }
})

test.each([
  ['finish_reason null in a plain reply', { ...chat, choices: [{ ...chat.choices[0], finish_reason: null }] }],
  ['another finish_reason', { ...chat, choices: [{ ...chat.choices[0], finish_reason: 'abort' }] }],
  ['a logprob that JSON cannot hold', { ...chat, usage: { ...usage, estimated_cost: Infinity } }],
  ['half a token', { ...chat, usage: { ...usage, prompt_tokens: 0.5 } }],
  ['another object', { ...chat, object: 'chat.completion.chunk' }],
])('a chat completion with %s is none', (_, value) => {
  expect(schemas.chatCompletion.safeParse(value).success).toBe(false)
})
