import { describe, expect, test } from 'vitest'
import type { RequestLimits } from './limits.ts'
import { parseChat, parseCompletion, parseDetokenize, parseTokenize } from './parse.ts'
import { chat, completions, least, limits, refusal, strict } from './requests.fixture.ts'

const says = (run: () => unknown): string => {
  const { status, param, code, message } = refusal(run)
  expect(status).toBe(400)
  return `${param} | ${code} | ${message}`
}

const user = (content: unknown): object => ({ messages: [{ role: 'user', content }] })

describe('sentences', () => {
  test.each([
    [{ temperature: 3 }, "temperature | invalid_value | 'temperature' is 3, expected at most 2"],
    [{ temperature: 'x' }, 'temperature | invalid_type | \'temperature\' is "x", expected a number'],
    [
      { temperature: Infinity },
      /temperature \| invalid_type \| 'temperature' is a number too large to be held, expected a f/,
    ],
    [{ top_p: 0 }, "top_p | invalid_value | 'top_p' is 0, expected more than 0"],
    [{ n: 0.5 }, "n | invalid_type | 'n' is 0.5, expected an integer"],
    [{ n: 'x' }, 'n | invalid_type | \'n\' is "x", expected an integer'],
    [{ seed: 2 ** 53 }, "seed | invalid_value | 'seed' is 9007199254740992, expected at most 9007199254740991"],
    [{ stream: 1 }, "stream | invalid_type | 'stream' is 1, expected true or false"],
    [{ stop: '' }, 'stop | invalid_value | \'stop\' is "", expected at least 1 character'],
    [{ stop: ['a', ''] }, 'stop[1] | invalid_value | \'stop[1]\' is "", expected at least 1 character'],
    [
      { stop: [5] },
      "stop | invalid_type | 'stop' is an array of 1 item, expected a string or a list of up to 16 strings",
    ],
    [{ stop: Array(17).fill('x') }, "stop | invalid_value | 'stop' has 17 items, expected at most 16"],
    [
      { logit_bias: { a: 1 } },
      'logit_bias | invalid_value | \'logit_bias\' has the key "a", expected token ids from 0 to 999',
    ],
    [{ logit_bias: { 7: 101 } }, "logit_bias.7 | invalid_value | 'logit_bias.7' is 101, expected at most 100"],
    [
      { functions: [{}] },
      "functions | unsupported_parameter | 'functions' is an array of 1 item, which is not supported",
    ],
    [
      { function_call: 'auto' },
      /function_call \| unsupported_parameter \| .* is "auto", which is not supported: only "none" is/,
    ],
    [{ messages: undefined }, "messages | missing_required_parameter | 'messages' is missing, expected an array"],
    [{ messages: [] }, "messages | invalid_value | 'messages' is an array of 0 items, expected at least 1 item"],
    [
      { messages: [{ content: 'x' }] },
      /messages\[0\].role \| missing_required_parameter \| .*is missing, expected one of "system"/,
    ],
    [
      { messages: [{ role: 'x', content: 'x' }] },
      /messages\[0\].role \| invalid_value \| .* is "x", expected one of "system"/,
    ],
    [
      { messages: [{ role: 'user' }] },
      /messages\[0\].content \| missing_required_parameter \| .*is missing, expected a string or/,
    ],
    [
      { messages: [{ role: 'assistant', content: null }] },
      /messages\[0\].content \| invalid_type \| .*is null, expected a string/,
    ],
    [
      { messages: [{ role: 'tool', content: 'x' }] },
      /messages\[0\].tool_call_id \| missing_required_parameter \| .*is missing/,
    ],
    [
      user([{ type: 'text' }]),
      /messages\[0\].content\[0\].text \| missing_required_parameter \| .*is missing, expected a string/,
    ],
    [
      user([{ type: 'image_url', image_url: {} }]),
      /messages\[0\].content\[0\].type \| unsupported_value \| .* is "image_url", wh/,
    ],
    [user('x'.repeat(101)), /messages\[0\].content \| invalid_value \| .*expected at most 100 characters/],
    [
      user(Array(101).fill({ type: 'text', text: 'x' })),
      "messages | invalid_value | 'messages' has 101 characters, expected at most 100",
    ],
    [{ messages: Array(9).fill({}) }, "messages | invalid_value | 'messages' has 9 items, expected at most 8"],
    [{ user: 'x', model: 5 }, "model | invalid_type | 'model' is 5, expected a string"],
    [{ stream_options: {} }, /stream_options \| invalid_value \| .*needs 'stream' to be true/],
    [{ top_logprobs: 1 }, /top_logprobs \| invalid_value \| .*needs 'logprobs' to be true/],
    [
      { max_tokens: 1, max_completion_tokens: 2 },
      /max_completion_tokens \| invalid_value \| .* is 2 where 'max_tokens' is 1/,
    ],
  ])('%j', (fields, sentence) => {
    const said = says(() => chat(fields))
    if (typeof sentence === 'string') expect(said).toBe(sentence)
    else expect(said).toMatch(sentence)
  })

  test('the first of several things is told', () => {
    const first = says(() => chat({ model: 5, temperature: 'x', n: 99 }))
    expect(first).toMatch(/^model/)
  })

  test.each([null, 5, 'x', true, [], [{}]])('a body that is %j', (body) => {
    expect(says(() => parseChat(body, limits))).toMatch(/^null \| invalid_type \| the body is .*, expected an object$/)
    expect(says(() => parseCompletion(body, limits))).toMatch(/^null/)
    expect(says(() => parseTokenize(body, limits))).toMatch(/^null/)
    expect(says(() => parseDetokenize(body, limits))).toMatch(/^null/)
  })

  test('but before that what is not supported', () => {
    const call = { role: 'assistant', content: 5, function_call: { name: 'a' } }
    expect(refusal(() => chat({ messages: [call] })).param).toBe('messages[0].function_call')
    expect(refusal(() => chat({ model: 5, functions: [{}] })).param).toBe('functions')
  })

  test('values are told shortly', () => {
    const { message } = refusal(() => chat({ temperature: `\u001b\n${'x'.repeat(1e6)}` }))
    expect(message).toMatch(/^'temperature' is "\\u001b\\nx+…", expected a number$/)
    expect(message.length).toBeLessThan(100)
  })
})

describe('chat', () => {
  test('what is absent, or null, has its default', () => {
    const defaults = {
      ...{ model: 'm', stream: false, includeUsage: false, n: 1, maxTokens: 512, stop: [], stopTokenIds: [] },
      ...{
        ignoreEnd: false,
        format: null,
        logprobs: false,
        topLogprobs: 0,
        tools: null,
        messages: [{ role: 'user', content: 'hi' }],
      },
      sampling: {
        ...{ temperature: 1, topP: 1, topK: 0, minP: 0, bias: new Map() },
        ...{ presencePenalty: 0, frequencyPenalty: 0, repetitionPenalty: 1 },
      },
    }
    expect(chat({})).toStrictEqual(defaults)
    const nulls = [
      'stream',
      'stream_options',
      'n',
      'stop',
      'temperature',
      'seed',
      'logit_bias',
      'logprobs',
      'tools',
      'user',
    ]
    expect(chat(Object.fromEntries(nulls.map((name) => [name, null])))).toStrictEqual(defaults)
  })

  test.each([
    [{}, 512],
    [{ max_tokens: null }, null],
    [{ max_completion_tokens: null }, null],
    [{ max_tokens: 0 }, 0],
    [{ max_tokens: 3, max_completion_tokens: 3 }, 3],
    [{ max_tokens: null, max_completion_tokens: 3 }, 3],
    [{ max_tokens: 3, max_completion_tokens: null }, 3],
  ])('tokens to generate: %j', (fields, tokens) => {
    expect(chat(fields).maxTokens).toBe(tokens)
  })

  test('parts of text are joined as they are', () => {
    const parts = ['Hel', 'lo', '', ' there'].map((text) => ({ type: 'text', text }))
    expect(chat(user(parts)).messages).toEqual([{ role: 'user', content: 'Hello there' }])
  })

  test('system messages, wherever they stand, are one at the front; developer is another name', () => {
    const messages = [
      { role: 'user', content: 'a' },
      { role: 'developer', content: 'first' },
      { role: 'assistant', content: 'b' },
      { role: 'system', content: [{ type: 'text', text: 'second' }] },
      { role: 'user', content: 'c' },
      { role: 'system', content: '' },
    ]
    expect(chat({ messages }).messages).toEqual([
      { role: 'system', content: 'first\n\nsecond' },
      { role: 'user', content: 'a' },
      { role: 'assistant', content: 'b' },
      { role: 'user', content: 'c' },
    ])
  })

  test('an empty system message stays: it is not the same as none', () => {
    const messages = [
      { role: 'user', content: 'a' },
      { role: 'system', content: '' },
    ]
    expect(chat({ messages }).messages[0]).toEqual({ role: 'system', content: '' })
  })

  test('content parts of one request are counted together', () => {
    const many: RequestLimits = { ...limits, messages: 100, characters: 2 ** 20 }
    const message = (parts: number) => ({ role: 'user', content: Array(parts).fill({ type: 'text', text: 'x' }) })
    const sixteen = Array(16).fill(message(1024))
    expect(chat({ messages: sixteen }, many).messages).toHaveLength(16)
    expect(says(() => chat({ messages: [...sixteen, message(1)] }, many))).toContain(
      '16385 content parts, expected at most',
    )
    expect(says(() => chat({ messages: [message(1025)] }, many))).toContain('messages[0].content')
  })
})

describe('fields that nobody knows', () => {
  const unknown = { temprature: 0, extra: { deep: [1] } }
  const inMessage = { messages: [{ role: 'user', content: 'hi', extra: 1 }] }

  test('are ignored', () => {
    expect(chat(unknown)).toEqual(chat({}))
    expect(chat(inMessage)).toEqual(chat({}))
    expect(completions(unknown)).toEqual(completions({}))
  })

  test('are refused where the server is strict, at any depth', () => {
    expect(says(() => chat(unknown, strict))).toBe(
      "temprature | unknown_parameter | 'temprature' is not a field that this server knows",
    )
    expect(says(() => chat(inMessage, strict))).toMatch(/^messages\[0\].extra \| unknown_parameter/)
    expect(says(() => chat({ stream: true, stream_options: { x: 1 } }, strict))).toMatch(/^stream_options.x/)
    expect(says(() => completions(unknown, strict))).toMatch(/^temprature/)
    expect(says(() => completions({ ['k'.repeat(1e5)]: 1 }, strict)).length).toBeLessThan(300)
    expect(says(() => parseTokenize({ prompt: 'x', extra: 1 }, strict))).toMatch(/^extra/)
    expect(says(() => parseDetokenize({ tokens: [], extra: 1 }, strict))).toMatch(/^extra/)
  })

  test('are told shortly', () => {
    const { message } = refusal(() => chat({ [`\n${'x'.repeat(1e5)}`]: 1 }, strict))
    expect(message.length).toBeLessThan(200)
  })
})

describe('completions', () => {
  test.each([
    [{ prompt: ['a', 1] }, "prompt[1] | invalid_type | 'prompt[1]' is 1, expected a string"],
    [{ prompt: [1, 'a'] }, 'prompt[1] | invalid_type | \'prompt[1]\' is "a", expected an integer from 0 to 999'],
    [
      { prompt: [[1], ['a']] },
      'prompt[1][0] | invalid_type | \'prompt[1][0]\' is "a", expected an integer from 0 to 999',
    ],
    [{ prompt: [1000] }, "prompt[0] | invalid_value | 'prompt[0]' is 1000, expected an integer from 0 to 999"],
    [{ prompt: [1, -1] }, "prompt[1] | invalid_value | 'prompt[1]' is -1, expected an integer from 0 to 999"],
    [{ prompt: [[]] }, "prompt[0] | invalid_value | 'prompt[0]' is an array of 0 items, expected at least 1 item"],
    [
      { prompt: [true] },
      /prompt \| invalid_type \| 'prompt' is an array of 1 item, expected a string, a list of strings/,
    ],
    [{ prompt: Array(5).fill('a') }, "prompt | invalid_value | 'prompt' has 5 items, expected at most 4"],
    [
      { prompt: Array(4).fill('x'.repeat(26)) },
      "prompt | invalid_value | 'prompt' has 104 characters, expected at most 100",
    ],
    [{ prompt: Array(65).fill(1) }, /prompt \| context_length_exceeded \| .*context is 64 tokens.*needs 65/],
    [{ prompt: [[1], Array(65).fill(1)] }, /prompt \| context_length_exceeded/],
    [{ suffix: 'x' }, 'suffix | unsupported_parameter | \'suffix\' is "x", which is not supported'],
    [{ n: 2, best_of: 3 }, /best_of \| unsupported_value \| 'best_of' is 3 where 'n' is 2, which is not supported/],
    [{ logprobs: true }, "logprobs | invalid_type | 'logprobs' is true, expected an integer"],
  ])('%j', (fields, sentence) => {
    const said = says(() => completions(fields))
    if (typeof sentence === 'string') expect(said).toBe(sentence)
    else expect(said).toMatch(sentence)
  })

  test('as many ids as the context holds', () => {
    expect(completions({ prompt: Array(64).fill(999) }).prompts).toEqual([new Int32Array(64).fill(999)])
  })
})

describe('tokenize and detokenize', () => {
  test('a text, with the model’s first tokens unless they are not wanted', () => {
    expect(parseTokenize({ prompt: 'x' }, limits)).toEqual({ model: null, prompt: 'x', prefix: true })
    const bare = { model: 'm', prompt: '', add_special_tokens: false }
    expect(parseTokenize(bare, limits)).toEqual({ model: 'm', prompt: '', prefix: false })
  })

  test('messages', () => {
    const { messages } = least.chat as { messages: unknown }
    expect(parseTokenize({ messages }, limits)).toEqual({ model: null, messages, tools: null })
    expect(parseTokenize({ messages, prompt: null, add_generation_prompt: true }, limits)).toEqual({
      model: null,
      messages,
      tools: null,
    })
    expect(says(() => parseTokenize({ messages, add_special_tokens: true }, limits))).toMatch(
      /^add_special_tokens.*not supp/,
    )
    expect(says(() => parseTokenize({ messages, add_generation_prompt: false }, limits))).toMatch(
      /^add_generation_prompt/,
    )
  })

  test('neither, or both', () => {
    expect(says(() => parseTokenize({}, limits))).toMatch(/^prompt \| missing_required_parameter/)
    const both = { prompt: 'x', messages: [{ role: 'user', content: 'x' }] }
    expect(says(() => parseTokenize(both, limits))).toMatch(
      /^messages \| invalid_value \| 'prompt' and 'messages' are both/,
    )
  })

  test('ids', () => {
    expect(parseDetokenize({ tokens: [0, 999] }, limits)).toEqual({ model: null, tokens: Int32Array.of(0, 999) })
    expect(parseDetokenize({ tokens: [], model: 'm' }, limits)).toEqual({ model: 'm', tokens: new Int32Array(0) })
    for (const tokens of [undefined, null, 5, 'x', [1000], [-1], [0.5], ['1'], [null], Array(65).fill(1)]) {
      expect(says(() => parseDetokenize({ tokens }, limits))).toMatch(/^tokens/)
    }
  })
})
