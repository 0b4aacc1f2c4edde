import { afterAll, describe, expect, test } from 'vitest'
import { byteServing } from '../byte-serving.fixture.ts'
import { user } from '../chat-client.fixture.ts'
import type { ChatCompletion, ChatCompletionChunk, Completion, ErrorBody } from '../schema/responses.ts'
import { chunksOf, servedHandler } from '../served-handler.fixture.ts'

const served = await byteServing()
afterAll(async () => {
  await served.engine.close()
  await served.close()
})
const { post } = servedHandler(served)

const schema = {
  type: 'object',
  properties: {
    city: { enum: ['Paris', 'Löwen', 'a"b'] },
    grades: { type: 'array', items: { type: 'boolean' }, maxItems: 3 },
  },
  required: ['city', 'grades'],
  additionalProperties: false,
}
const jsonSchema = (schema: unknown) => ({ type: 'json_schema', json_schema: { name: 'answer', schema } })
const at = { model: 'tiny', temperature: 2, max_tokens: 200 }

/** What each choice says, and why it ended. */
async function texts(path: 'chat/completions' | 'completions', changes: object): Promise<[string, string][]> {
  const input = path === 'completions' ? { prompt: 'x' } : { messages: user('x') }
  const response = await post(`/v1/${path}`, { ...at, ...input, ...changes })
  if (response.status !== 200) throw new Error(await response.text())
  const { choices } = (await response.json()) as ChatCompletion | Completion
  return choices.map((choice) => ['message' in choice ? choice.message.content! : choice.text, choice.finish_reason])
}

async function refusal(response_format: object, more: object = {}) {
  const response = await post('/v1/chat/completions', { ...at, messages: user('x'), response_format, ...more })
  const { error } = (await response.json()) as ErrorBody
  return { status: response.status, ...error }
}

function isAnswer(text: string): boolean {
  const { city, grades, ...rest } = JSON.parse(text) as { city: string; grades: unknown[] }
  const areBooleans = grades.length <= 3 && grades.every((grade) => typeof grade === 'boolean')
  return ['Paris', 'Löwen', 'a"b'].includes(city) && areBooleans && Object.keys(rest).length === 0
}

describe.each(['chat/completions', 'completions'] as const)('%s, of a model that says anything', (path) => {
  test('a schema holds for every choice', async () => {
    for (const seed of [1, 2, 3]) {
      const choices = await texts(path, { n: 8, seed, response_format: jsonSchema(schema) })
      expect(choices.map(([text, reason]) => [isAnswer(text), reason])).toEqual(Array(8).fill([true, 'stop']))
    }
  })

  test('json_object is an object, or the beginning of one', async () => {
    const choices = await texts(path, { n: 8, seed: 5, max_tokens: 60, response_format: { type: 'json_object' } })
    for (const [text, reason] of choices) {
      expect(text.startsWith('{')).toBe(true)
      if (reason === 'stop') expect(JSON.parse(text)).toEqual(expect.any(Object))
    }
    expect(new Set(choices.map(([, reason]) => reason))).toEqual(new Set(['stop', 'length']))
  })

  test('a regular expression matches the whole of it', async () => {
    const choices = await texts(path, { n: 8, seed: 6, response_format: { type: 'regex', regex: 'a|b[0-9]{2}ü?' } })
    for (const [text, reason] of choices) {
      expect(text).toMatch(/^(?:a|b[0-9]{2}ü?)$/)
      expect(reason).toBe('stop')
    }
  })

  test('a grammar derives it', async () => {
    const grammar = 'root ::= "<" (root | [a-c]) ">"'
    const choices = await texts(path, { n: 8, seed: 7, response_format: { type: 'grammar', grammar } })
    for (const [text, reason] of choices.filter(([, reason]) => reason === 'stop')) {
      expect([text, reason]).toEqual([expect.stringMatching(/^<+[a-c]>+$/), 'stop'])
      expect(text.split('<').length).toBe(text.split('>').length)
    }
    expect(choices.some(([, reason]) => reason === 'stop')).toBe(true)
  })
})

test('the stream says the same as the plain reply', async () => {
  const body = { ...at, messages: user('x'), seed: 9, response_format: jsonSchema(schema) }
  const chunks = await chunksOf<ChatCompletionChunk>(await post('/v1/chat/completions', { ...body, stream: true }))
  const [[text]] = await texts('chat/completions', body)
  expect(chunks.flatMap(({ choices }) => choices[0]!.delta.content ?? '').join('')).toBe(text)
  expect(chunks.at(-1)!.choices[0]!.finish_reason).toBe('stop')
})

test('what is cut is the beginning of an answer, and says length', async () => {
  const only = { type: 'regex', regex: 'abcdefgh' }
  expect(await texts('chat/completions', { max_tokens: 3, response_format: only })).toEqual([['abc', 'length']])
  // Nothing can follow the last letter: no end token is drawn.
  expect(await texts('chat/completions', { max_tokens: 8, response_format: only })).toEqual([['abcdefgh', 'stop']])
})

test('no bias leads out of it', async () => {
  const z = served.model.tokenizer.encode('z')[0]!
  const wanted = { logit_bias: { [z]: 100 }, response_format: { type: 'regex', regex: '[a-y]{4}' } }
  expect(await texts('chat/completions', wanted)).toEqual([[expect.stringMatching(/^[a-y]{4}$/), 'stop']])
})

test('log-probabilities are those of the model, in front of the mask', async () => {
  const ask = async (more: object) => {
    const body = { ...at, messages: user('x'), max_tokens: 1, temperature: 0, logprobs: true, top_logprobs: 3, ...more }
    const reply = (await (await post('/v1/chat/completions', body)).json()) as ChatCompletion
    return reply.choices[0]!.logprobs!.content![0]!
  }
  const [free, held] = [await ask({}), await ask({ response_format: { type: 'regex', regex: 'q' } })]
  expect(held.token).toBe('q')
  expect(held.top_logprobs).toEqual(free.top_logprobs)
  expect(held.logprob).toBeLessThan(free.logprob)
})

describe('is refused by name:', () => {
  test.each([
    [{ type: 'regex', regex: 'a(' }, 'response_format.regex', /position 1/],
    [{ type: 'regex', regex: 'a)|(b' }, 'response_format.regex', /./],
    [{ type: 'regex', regex: '(a)\\1' }, 'response_format.regex', /back ?reference/i],
    [{ type: 'regex', regex: 'a\\b\\B' }, 'response_format.regex', /no text/],
    [{ type: 'regex', regex: '((a{1,100}){1,100}){1,100}' }, 'response_format.regex', /limit/],
    [{ type: 'grammar', grammar: 'root ::= root "a" | "b"' }, 'response_format.grammar', /left recursion/],
    [{ type: 'grammar', grammar: 'start ::= "a"' }, 'response_format.grammar', /root/],
    [{ type: 'grammar', grammar: 'root ::= "a' }, 'response_format.grammar', /./],
    [jsonSchema({ type: 'strin' }), 'response_format.json_schema.schema', /type/],
    [jsonSchema({ type: 'array', uniqueItems: true }), 'response_format.json_schema.schema', /uniqueItems/],
    [jsonSchema({ type: 'number', minimum: 5, maximum: 3 }), 'response_format.json_schema.schema', /./],
    [jsonSchema(false), 'response_format.json_schema.schema', /./],
    [jsonSchema({ $ref: '#/$defs/none' }), 'response_format.json_schema.schema', /\$defs\/none/],
    [jsonSchema({ $ref: '#' }), 'response_format.json_schema.schema', /\$ref/],
  ])('%j', async (format, param, message) => {
    const started = performance.now()
    const error = await refusal(format)
    expect(error).toMatchObject({ status: 400, type: 'invalid_request_error', param })
    expect(error.message).toMatch(message)
    expect(error.message.startsWith(`'${param}': `)).toBe(true)
    expect(performance.now() - started).toBeLessThan(5000)
    expect(await texts('completions', { max_tokens: 1 })).toHaveLength(1)
  })
})

test('a grammar that turns out to be too ambiguous ends its answer with an error that says so, plain and streamed', async () => {
  // Each x may be in any of the open lists.
  const grammar = 'root ::= "x" root? ("x" root "y")?'
  const body = { ...at, messages: user('x'), response_format: { type: 'grammar', grammar }, max_tokens: 400 }
  const bias = { logit_bias: { [served.model.tokenizer.encode('x')[0]!]: 100 } }
  const response = await post('/v1/chat/completions', { ...body, ...bias })
  expect(response.status).toBe(400)
  expect(((await response.json()) as ErrorBody).error).toMatchObject({ param: 'response_format.grammar' })
  const stream = await (await post('/v1/chat/completions', { ...body, ...bias, stream: true })).text()
  expect(stream).toMatch(/"error":\{"message":"'response_format.grammar': /)
})
