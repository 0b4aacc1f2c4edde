import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, describe, expect, test } from 'vitest'
import { byteServing } from '../byte-serving.fixture.ts'
import { user } from '../chat-client.fixture.ts'
import { chatCompletion, chatCompletionChunk, type ErrorBody, type ToolCall } from '../schema/responses.ts'
import { chunksOf, servedHandler } from '../served-handler.fixture.ts'
import { foldChat } from '../wire/fold.ts'

const served = await byteServing({ context: 2048 })
afterAll(async () => {
  await served.engine.close()
  await served.close()
})
const { post, events } = servedHandler(served)

const parameters = {
  weather: {
    type: 'object',
    properties: {
      city: { type: 'string', maxLength: 8 },
      days: { type: 'array', items: { type: 'integer', minimum: 1, maximum: 7 }, maxItems: 3 },
      unit: { enum: ['°C', '°F', null] },
    },
    required: ['city', 'unit'],
    additionalProperties: false,
  },
  now: undefined,
  'set-alarm_2': { properties: { on: { type: 'boolean' } }, required: ['on'], additionalProperties: false },
}
const tools = Object.entries(parameters).map(([name, parameters]) => {
  return { type: 'function', function: { name, description: `It is ${name}.`, ...(parameters && { parameters }) } }
})
const ajv = new Ajv2020({ strict: false })
const validators = new Map(
  Object.entries(parameters).map(([name, schema]) => [
    name,
    ajv.compile(schema ?? { type: 'object', maxProperties: 0 }),
  ]),
)

const path = '/v1/chat/completions'
const base = { model: 'tiny', messages: user('x'), tools, temperature: 2, max_tokens: 220 }

async function ask(changes: object) {
  const response = await post(path, { ...base, ...changes })
  if (response.status !== 200) throw new Error(await response.text())
  return chatCompletion.strict().parse(await response.json())
}

async function stream(changes: object) {
  const chunks = await chunksOf(await post(path, { ...base, ...changes, stream: true, stream_options: usage }))
  return chunks.map((chunk) => chatCompletionChunk.strict().parse(chunk))
}
const usage = { include_usage: true }

async function refusal(changes: object) {
  const response = await post(path, { ...base, ...changes })
  const { error } = (await response.json()) as ErrorBody
  return { status: response.status, ...error }
}

function checkCalls(calls: readonly ToolCall[]): void {
  for (const { id, type, function: called } of calls) {
    expect([type, id]).toEqual(['function', expect.stringMatching(/^[a-zA-Z0-9]{9}$/)])
    const given = JSON.parse(called.arguments) as unknown
    expect(validators.get(called.name)!(given), `${called.name} ${called.arguments}`).toBe(true)
  }
  expect(new Set(calls.map(({ id }) => id)).size).toBe(calls.length)
}

describe('of a model that says anything', () => {
  test('55: required calls are valid, and the log says how they ended', async () => {
    const { choices } = await ask({ n: 8, seed: 1, tool_choice: 'required' })
    for (const { message, finish_reason: reason } of choices) {
      expect(message.content === null || reason === 'length').toBe(true)
      if (reason === 'length') continue
      expect(reason).toBe('tool_calls')
      checkCalls(message.tool_calls!)
    }
    expect(choices.filter(({ finish_reason: reason }) => reason === 'tool_calls').length).toBeGreaterThan(2)
    expect(events.at(-1)!.finishReasons).toContain('tool_calls')
  })

  test('55: one call by its name, or without parallel calls', async () => {
    const named = { type: 'function', function: { name: 'weather' } }
    for (const { message, finish_reason: reason } of (await ask({ n: 4, seed: 4, tool_choice: named })).choices) {
      if (reason === 'length') continue
      expect([reason, message.tool_calls!.map((call) => call.function.name)]).toEqual(['stop', ['weather']])
      checkCalls(message.tool_calls!)
    }
    const single = await ask({ n: 4, seed: 5, tool_choice: 'required', parallel_tool_calls: false })
    const whole = single.choices.filter(({ finish_reason: reason }) => reason === 'tool_calls')
    expect(whole.length).toBeGreaterThan(0)
    for (const { message } of whole) expect(message.tool_calls).toHaveLength(1)
  })

  test('55: auto and none are text, where no call is begun', async () => {
    for (const tool_choice of ['auto', 'none', undefined]) {
      const { choices } = await ask({ n: 4, seed: 6, max_tokens: 30, tool_choice })
      for (const { message } of choices) {
        expect(message).toEqual({ role: 'assistant', content: expect.any(String) as string, refusal: null })
        expect(message.content).not.toContain('<tool_call>')
      }
    }
  })

  test('55: auto calls where the model begins to', async () => {
    // Every byte is a token: the one that begins the mark is made likely, and a text can only go on with the mark.
    const [open] = served.model.tokenizer.encode('<')
    const format = { type: 'regex', regex: 'a{1,3}' }
    const { choices } = await ask({ n: 4, seed: 7, logit_bias: { [open!]: 100 }, response_format: format })
    const called = choices.filter(({ finish_reason: reason }) => reason === 'tool_calls')
    expect(called.length).toBeGreaterThan(0)
    for (const { message } of called) checkCalls(message.tool_calls!)
    const others = await ask({ n: 4, seed: 7, logit_bias: { [open!]: -100 }, response_format: format })
    for (const { message, ...choice } of others.choices) {
      expect([message.content, choice.finish_reason]).toEqual([expect.stringMatching(/^a{1,3}$/), 'stop'])
    }
  })

  test('a format may hold what looks like a call, but at its beginning', async () => {
    const format = { type: 'regex', regex: 'a<tool_call>b' }
    const [open] = served.model.tokenizer.encode('a')
    const { choices } = await ask({ response_format: format, logit_bias: { [open!]: 100 } })
    expect(choices[0]).toMatchObject({ message: { content: 'a<tool_call>b' }, finish_reason: 'stop' })
    expect(choices[0]!.message).not.toHaveProperty('tool_calls')
  })

  test('58: a stream comes to the plain reply', async () => {
    const wanted = { n: 3, seed: 8, tool_choice: 'required' }
    const chunks = await stream(wanted)
    const folded = await foldChat(
      (async function* () {
        yield* chunks
      })(),
    )
    const plain = await ask(wanted)
    const bare = ({ choices }: typeof plain) =>
      choices.map(({ message: { tool_calls: calls = [], ...message }, ...choice }) => {
        return { ...choice, message, calls: calls.map((call) => call.function) }
      })
    expect(bare(folded)).toEqual(bare(plain))
    expect(folded.usage.completion_tokens).toBe(plain.usage.completion_tokens)
    for (let index = 0; index < 3; index++) {
      const own = chunks.flatMap(({ choices }) => choices.filter((choice) => choice.index === index))
      expect(own[0]!.delta).toEqual({ role: 'assistant', content: '' })
      expect(own.filter(({ finish_reason: reason }) => reason !== null)).toHaveLength(1)
      const deltas = own.flatMap(({ delta }) => delta.tool_calls ?? [])
      const first = new Set<number>()
      for (const delta of deltas) {
        if (first.has(delta.index))
          expect(delta).toEqual({
            index: delta.index,
            function: { arguments: expect.stringMatching(/^[^]/) as string },
          })
        else
          expect(delta).toMatchObject({
            type: 'function',
            function: { name: expect.any(String) as string, arguments: '' },
          })
        first.add(delta.index)
      }
      expect([...first]).toEqual([...first].map((_, i) => i))
    }
  })

  test('57: cut short there are no calls, or the beginning of one', async () => {
    const [{ message, finish_reason: reason }] = (await ask({ max_tokens: 1, tool_choice: 'required' })).choices
    expect([message, reason]).toEqual([{ role: 'assistant', content: '', refusal: null }, 'length'])
    const named = { type: 'function', function: { name: 'weather' } }
    const { choices } = await ask({ n: 4, seed: 9, max_tokens: 60, tool_choice: named })
    for (const { message, finish_reason: reason } of choices) {
      if (reason !== 'length' || message.tool_calls === undefined) continue
      expect(message.tool_calls[0]!.function.name).toBe('weather')
      expect(message.tool_calls[0]!.function.arguments).toMatch(/^($|\{)/)
    }
    expect(choices.some(({ message, finish_reason: reason }) => reason === 'length' && message.tool_calls)).toBe(true)
  })
})

describe('59: results', () => {
  const call = (id: string, given = '{}') => ({ id, type: 'function', function: { name: 'now', arguments: given } })
  const calling = (...calls: object[]) => ({ role: 'assistant', content: null, tool_calls: calls })
  const result = (id: string, content: unknown = 'r') => ({ role: 'tool', tool_call_id: id, content })

  test('go back in', async () => {
    const reply = await ask({ seed: 2, tool_choice: 'required', parallel_tool_calls: false })
    const { message } = reply.choices[0]!
    const [{ id }] = message.tool_calls!
    const messages = [...user('x'), message, result(id, [{ type: 'text', text: '12:00' }])]
    expect((await ask({ messages, max_tokens: 5 })).choices[0]!.message.content).toEqual(expect.any(String))
    // Also where no tools are given any more.
    expect((await ask({ messages, max_tokens: 5, tools: undefined })).usage.prompt_tokens).toBeGreaterThan(20)
  })

  test.each([
    [[result('a')], 'messages[1].tool_call_id'],
    [[calling(call('a')), result('b')], 'messages[2].tool_call_id'],
    [[calling(call('a')), result('a'), result('a')], 'messages[3].tool_call_id'],
    [[calling(call('a'))], 'messages[1].tool_calls[0].id'],
    [[calling(call('a')), ...user('y')], 'messages[1].tool_calls[0].id'],
    [[calling(call('a'), call('b')), result('a'), { role: 'assistant', content: 'z' }], 'messages[1].tool_calls[1].id'],
    [[calling(call('a', '{'))], 'messages[1].tool_calls[0].function.arguments'],
    [[calling()], 'messages[1].content'],
  ])('that do not fit their calls are refused (%#)', async (messages, param) => {
    expect(await refusal({ messages: [...user('x'), ...messages] })).toMatchObject({ status: 400, param })
  })
})

test('tools that take long to compile are refused together, soon', async () => {
  const tools = Array.from({ length: 8 }, (_, i) => {
    const parameters = { properties: { a: { type: 'string', pattern: `(a|b)*a(a|b){9}${i}` } } }
    return { type: 'function', function: { name: `f${i}`, parameters } }
  })
  const started = performance.now()
  const { status, param, message } = await refusal({ tools })
  expect([status, message]).toEqual([400, expect.stringContaining('more steps to build')])
  expect(param).toMatch(/^tools\[[1-9]\d*\]\.function\.parameters$/)
  expect(performance.now() - started).toBeLessThan(2500)
})

const draft7 = 'http://json-schema.org/draft-07/schema#'

describe('56: refused', () => {
  const one = (parameters: unknown) => [{ type: 'function', function: { name: 'f', parameters } }]

  test.each([
    [
      { tools: [...tools, ...one({})], tool_choice: { type: 'function', function: { name: 'g' } } },
      'tool_choice.function.name',
    ],
    [{ tools: undefined, tool_choice: 'auto' }, 'tool_choice'],
    [{ tools: [], tool_choice: 'required' }, 'tool_choice'],
    [{ tools: [...one({}), ...one({})] }, 'tools[1].function.name'],
    [{ tool_choice: { type: 'allowed_tools', allowed_tools: {} } }, 'tool_choice.type'],
    [{ tools: [{ type: 'custom', custom: { name: 'x' } }] }, 'tools[0].type'],
    [{ tools: [...tools, ...one({ type: 'string' })] }, 'tools[3].function.parameters'],
    [{ tools: one({ $ref: 'http://example.com/schema' }) }, 'tools[0].function.parameters'],
    [
      { tools: one({ $schema: draft7, $ref: '#/definitions/a', definitions: { a: { type: 'string' } } }) },
      'tools[0].function.parameters',
    ],
    [
      { tools: one({ properties: { a: { minimum: 3, maximum: 2, type: 'number' } }, required: ['a'] }) },
      'tools[0].function.parameters',
    ],
    [{ tools: one({ enum: ['x'.repeat(2 ** 17)] }) }, 'tools'],
    [{ tool_choice: 'required', response_format: { type: 'json_object' } }, 'tool_choice'],
    [{ tool_choice: 'required', stop: 'x' }, 'stop'],
    [{ stop_token_ids: [5] }, 'stop_token_ids'],
    [{ ignore_eos: true }, 'ignore_eos'],
    [{ response_format: { type: 'regex', regex: '.*' } }, 'response_format.regex'],
    [
      { response_format: { type: 'json_schema', json_schema: { schema: { type: 'x' } } } },
      'response_format.json_schema.schema',
    ],
  ])('%#: $1', async (changes, param) => {
    const { status, ...error } = await refusal(changes)
    expect([status, error.param]).toEqual([400, param])
    expect(error.message).toContain(`'${param}'`)
  })
})
