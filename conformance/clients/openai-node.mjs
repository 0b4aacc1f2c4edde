// The official client for Node, unmodified. CLIENT names the package, where it is another version than the usual one.
import assert from 'node:assert/strict'
import { check, finish, occupy, question, retried, server, settled, thrown, utf8, watched } from './checks.mjs'

const openai = await import(process.env.CLIENT ?? 'openai')
const OpenAI = openai.default
const { base, key, model } = server
const client = new OpenAI({ baseURL: base, apiKey: key, maxRetries: 0 })
const chat = client.chat.completions
const greedy = { model, messages: question, max_tokens: 4, temperature: 0 }
let plain

await check('models.list and models.retrieve', async () => {
  const ids = []
  for await (const { id, object, created, owned_by } of client.models.list()) {
    assert.equal(object, 'model')
    assert.ok(Number.isInteger(created) && typeof owned_by === 'string')
    ids.push(id)
  }
  assert.ok(ids.includes(model), `${model} in ${ids}`)
  assert.equal((await client.models.retrieve(model)).id, model)
})

await check('chat', async () => {
  plain = await chat.create(greedy)
  const { id, object, choices, usage } = plain
  assert.match(id, /^chatcmpl-/)
  assert.equal(object, 'chat.completion')
  assert.equal(choices.length, 1)
  assert.equal(choices[0].message.role, 'assistant')
  assert.ok(choices[0].message.content.length > 0)
  assert.ok(['stop', 'length'].includes(choices[0].finish_reason))
  assert.ok(usage.completion_tokens <= 4)
  assert.equal(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens)
  assert.ok(plain._request_id)
})

const answer = () => plain.choices[0].message.content

await check('withResponse gives the same id as the header x-request-id', async () => {
  const { data, response, request_id } = await chat.create({ ...greedy, max_tokens: 1 }).withResponse()
  assert.equal(response.headers.get('x-request-id'), request_id)
  assert.equal(data._request_id, request_id)
})

await check('content parts are the string they make up', async () => {
  const parts = ['Name a', ' colour.'].map((text) => ({ type: 'text', text }))
  const { choices } = await chat.create({ ...greedy, messages: [question[0], { role: 'user', content: parts }] })
  assert.equal(choices[0].message.content, answer())
})

await check('a developer message is a system message, wherever it stands', async () => {
  const messages = [question[1], { role: 'developer', content: question[0].content }]
  assert.equal((await chat.create({ ...greedy, messages })).choices[0].message.content, answer())
})

await check('conversation of several turns; max_completion_tokens', async () => {
  const messages = [...question, { role: 'assistant', content: 'Red.' }, { role: 'user', content: 'Another?' }]
  const { usage } = await chat.create({ model, messages, max_completion_tokens: 2, temperature: 0 })
  assert.ok(usage.completion_tokens <= 2)
  assert.ok(usage.prompt_tokens > plain.usage.prompt_tokens)
  assert.ok(usage.prompt_tokens_details.cached_tokens > 0, 'the first turn is still there')
})

await check('stream: deltas make the plain answer, usage comes last', async () => {
  const chunks = []
  const stream = await chat.create({ ...greedy, stream: true, stream_options: { include_usage: true } })
  for await (const chunk of stream) chunks.push(chunk)
  const last = chunks.pop()
  assert.deepEqual(last.choices, [])
  assert.equal(last.usage.completion_tokens, plain.usage.completion_tokens)
  assert.ok(chunks.every(({ usage }) => usage === null))
  assert.equal(new Set([...chunks, last].map(({ id, created }) => `${id} ${created}`)).size, 1)
  assert.equal(chunks[0].choices[0].delta.role, 'assistant')
  assert.equal(chunks.map(({ choices }) => choices[0].delta.content ?? '').join(''), answer())
  const reasons = chunks.map(({ choices }) => choices[0].finish_reason).filter((reason) => reason !== null)
  assert.deepEqual(reasons, [plain.choices[0].finish_reason])
})

await check('chat.completions.stream: events, finalContent, finalChatCompletion, totalUsage', async () => {
  const runner = chat.stream({ ...greedy, stream_options: { include_usage: true } })
  const deltas = []
  runner.on('content', (delta) => deltas.push(delta))
  assert.equal(await runner.finalContent(), answer())
  assert.equal(deltas.join(''), answer())
  const { choices, object } = await runner.finalChatCompletion()
  assert.equal(object, 'chat.completion')
  assert.equal(choices[0].message.content, answer())
  assert.equal((await runner.totalUsage()).total_tokens, plain.usage.total_tokens)
})

await check('a stream passed on as a ReadableStream and read back', async () => {
  const { ChatCompletionStream } = await import(`${process.env.CLIENT ?? 'openai'}/lib/ChatCompletionStream`)
  const passed = chat.stream({ ...greedy, max_tokens: 3 }).toReadableStream()
  const content = await ChatCompletionStream.fromReadableStream(passed).finalContent()
  assert.ok(content.length > 0 && answer().startsWith(content), content)
})

await check('n = 2, plain and streamed', async () => {
  const two = { ...greedy, max_tokens: 4, n: 2, temperature: 1, seed: 7 }
  const { choices } = await chat.create(two)
  assert.deepEqual(
    choices.map(({ index }) => index),
    [0, 1],
  )
  const streamed = await chat.stream(two).finalChatCompletion()
  const contents = (all) => all.map(({ message }) => message.content)
  assert.deepEqual(contents(streamed.choices), contents(choices))
})

await check('seed: the same answer again, and another for another seed', async () => {
  const seeded = async (seed) => {
    const { choices } = await chat.create({ ...greedy, temperature: 2, seed })
    return choices[0].message.content
  }
  const first = await seeded(1)
  assert.equal(await seeded(1), first)
  assert.notEqual(await seeded(2), first)
})

await check('stop: cut before it, plain and streamed', async () => {
  const text = answer()
  const stop = text.slice(-3, -1)
  const expected = text.slice(0, text.indexOf(stop))
  const { choices } = await chat.create({ ...greedy, stop: ['\u0000never', stop] })
  assert.equal(choices[0].message.content, expected)
  assert.equal(choices[0].finish_reason, 'stop')
  assert.equal(await chat.stream({ ...greedy, stop }).finalContent(), expected)
})

await check('logprobs, plain and streamed', async () => {
  const asked = { ...greedy, max_tokens: 3, logprobs: true, top_logprobs: 3 }
  const { choices } = await chat.create(asked)
  const { content } = choices[0].logprobs
  assert.ok(content.length > 0)
  assert.deepEqual(
    content.flatMap(({ bytes }) => bytes),
    utf8(choices[0].message.content),
  )
  for (const { token, logprob, top_logprobs } of content) {
    assert.ok(logprob <= 0)
    assert.equal(top_logprobs.length, 3)
    assert.equal(top_logprobs[0].token, token)
    const sorted = top_logprobs.map((top) => top.logprob)
    assert.deepEqual(
      sorted,
      sorted.toSorted((a, b) => b - a),
    )
  }
  const streamed = await chat.stream(asked).finalChatCompletion()
  assert.deepEqual(streamed.choices[0].logprobs.content, content)
})

await check('completions: a prompt, a stream, two prompts, echo with logprobs', async () => {
  const asked = { model, prompt: 'One, two,', max_tokens: 3, temperature: 0 }
  const whole = await client.completions.create(asked)
  assert.match(whole.id, /^cmpl-/)
  assert.equal(whole.object, 'text_completion')
  const { text } = whole.choices[0]
  let streamed = ''
  for await (const { choices } of await client.completions.create({ ...asked, stream: true })) {
    streamed += choices[0]?.text ?? ''
  }
  assert.equal(streamed, text)
  const two = await client.completions.create({ ...asked, prompt: ['One, two,', 'A'], max_tokens: 1 })
  assert.deepEqual(
    two.choices.map(({ index }) => index),
    [0, 1],
  )
  const { choices } = await client.completions.create({ ...asked, echo: true, logprobs: 2 })
  const { tokens, token_logprobs, top_logprobs, text_offset } = choices[0].logprobs
  assert.equal(choices[0].text, `One, two,${text}`)
  assert.equal(tokens.join(''), choices[0].text)
  assert.equal(token_logprobs[0], null)
  assert.deepEqual(
    [token_logprobs, top_logprobs, text_offset].map(({ length }) => length),
    Array(3).fill(tokens.length),
  )
})

await check('401 is AuthenticationError', async () => {
  const stranger = new OpenAI({ baseURL: base, apiKey: 'wrong', maxRetries: 0 })
  await thrown(() => stranger.models.list(), openai.AuthenticationError, { status: 401, code: 'invalid_api_key' })
})

await check('404 is NotFoundError: a model, and an endpoint that is not there', async () => {
  const unknown = { status: 404, code: 'model_not_found' }
  const error = await thrown(() => chat.create({ ...greedy, model: 'gpt-9' }), openai.NotFoundError, unknown)
  assert.equal(error.param, 'model')
  assert.ok(error.requestID)
  await thrown(() => client.models.retrieve('gpt-9'), openai.NotFoundError, unknown)
  await thrown(() => client.responses.create({ model, input: 'Hi' }), openai.NotFoundError, { status: 404 })
})

await check('400 is BadRequestError and names the field', async () => {
  const refused = (body, param) => thrown(() => chat.create({ ...greedy, ...body }), openai.BadRequestError, { param })
  await refused({ temperature: 3 }, 'temperature')
  await refused({ messages: [{ role: 'wizard', content: 'Hi' }] }, 'messages[0].role')
  await refused({ messages: [] }, 'messages')
  await refused({ functions: [{ name: 'f', parameters: {} }] }, 'functions')
  await refused({ response_format: { type: 'xml' } }, 'response_format.type')
  await refused({ stream: true, n: 17 }, 'n')
  const long = [{ role: 'user', content: 'word '.repeat(20_000) }]
  const error = await thrown(() => chat.create({ ...greedy, messages: long }), openai.BadRequestError)
  assert.equal(error.code, 'context_length_exceeded')
})

await check('429 is RateLimitError; retries wait as Retry-After says and then succeed', async () => {
  const release = await occupy()
  try {
    const short = { ...greedy, max_tokens: 1 }
    const error = await thrown(() => chat.create(short), openai.RateLimitError, { status: 429 })
    const wait = Number(error.headers.get('retry-after'))
    assert.ok(wait >= 1 && wait <= 60, `retry-after is ${wait}`)
    const { seen, fetch } = watched(release)
    const patient = new OpenAI({ baseURL: base, apiKey: key, maxRetries: 4, fetch })
    assert.equal((await patient.chat.completions.create(short)).usage.completion_tokens, 1)
    // Without the header it would have come again after half a second.
    retried(seen, wait * 1000)
  } finally {
    release()
  }
  await settled()
})

await check('a stream left early frees its slot', async () => {
  const long = { ...greedy, max_tokens: 400, ignore_eos: true, stream: true }
  for await (const { choices } of await chat.create(long)) if (choices[0].delta.content) break
  await settled()
  const stream = await chat.create(long)
  stream.controller.abort()
  await settled()
  const runner = chat.stream(long)
  runner.once('content', () => runner.abort())
  await thrown(() => runner.done(), openai.APIUserAbortError)
  await settled()
})

await check('a plain request that is aborted frees its slot', async () => {
  const leave = new AbortController()
  const asked = chat.create({ ...greedy, max_tokens: 400, ignore_eos: true }, { signal: leave.signal })
  await Promise.all([settled(1).finally(() => leave.abort()), thrown(() => asked, openai.APIUserAbortError)])
  await settled()
})

await check('a client that loses its patience frees its slot', async () => {
  const asked = { ...greedy, max_tokens: 400, ignore_eos: true }
  await thrown(() => chat.create(asked, { timeout: 300 }), openai.APIConnectionTimeoutError)
  await settled()
})

finish()
