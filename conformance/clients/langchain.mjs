// LangChain's client for OpenAI's protocol, unmodified.
import assert from 'node:assert/strict'
import { AIMessage, HumanMessage, SystemMessage } from '@langchain/core/messages'
import { StringOutputParser } from '@langchain/core/output_parsers'
import { ChatPromptTemplate } from '@langchain/core/prompts'
import { ChatOpenAI, OpenAI } from '@langchain/openai'
import { check, finish, occupy, retried, server, settled, watched } from './checks.mjs'

const { base: baseURL, key: apiKey, model } = server
const options = { model, apiKey, configuration: { baseURL }, maxRetries: 0, temperature: 0 }
const chat = (more = {}) => new ChatOpenAI({ ...options, maxTokens: 4, ...more })
const question = [new SystemMessage('Be brief.'), new HumanMessage('Name a colour.')]
let answer

await check('invoke: content, usage, metadata', async () => {
  const { content, usage_metadata: usage, response_metadata: metadata } = await chat().invoke(question)
  assert.ok(content.length > 0)
  answer = content
  assert.equal(usage.total_tokens, usage.input_tokens + usage.output_tokens)
  assert.ok(usage.output_tokens <= 4)
  assert.ok(['stop', 'length'].includes(metadata.finish_reason))
  assert.ok(metadata.system_fingerprint)
})

await check('stream: chunks make the plain answer and carry the usage', async () => {
  let whole
  for await (const chunk of await chat().stream(question)) whole = whole?.concat(chunk) ?? chunk
  assert.equal(whole.content, answer)
  assert.ok(whole.usage_metadata.output_tokens > 0)
  assert.ok(['stop', 'length'].includes(whole.response_metadata.finish_reason))
})

// Not with `streaming: true`: LangChain then counts tokens itself, by tables that it fetches from the network.
await check('streamEvents', async () => {
  const deltas = []
  for await (const { event, data } of chat().streamEvents(question, { version: 'v2' })) {
    if (event === 'on_chat_model_stream') deltas.push(data.chunk.content)
  }
  assert.equal(deltas.join(''), answer)
})

await check('a chain of prompt, model and parser; conversation; content parts', async () => {
  const chain = ChatPromptTemplate.fromMessages([
    ['system', 'Be brief.'],
    ['human', 'Name a {what}.'],
  ])
    .pipe(chat())
    .pipe(new StringOutputParser())
  assert.equal(await chain.invoke({ what: 'colour' }), answer)
  const parts = new HumanMessage({ content: [{ type: 'text', text: 'Another?' }] })
  const reply = await chat({ maxTokens: 3 }).invoke([...question, new AIMessage('Red.'), parts])
  assert.ok(reply.content.length > 0)
})

await check('batch, n, stop, logprobs', async () => {
  const both = await chat({ maxTokens: 3 }).batch([question, question])
  assert.equal(both[0].content, both[1].content)
  const two = await chat({ n: 2, maxTokens: 2 }).generate([question])
  assert.equal(two.generations[0].length, 2)
  const stop = answer.slice(-3, -1)
  const cut = await chat().invoke(question, { stop: [stop] })
  assert.equal(cut.content, answer.slice(0, answer.indexOf(stop)))
  const told = await chat({ logprobs: true, topLogprobs: 2, maxTokens: 3 }).invoke(question)
  const { content } = told.response_metadata.logprobs
  assert.equal(content.map(({ token }) => token).join(''), told.content)
})

await check('OpenAI: completions, plain and streamed', async () => {
  const complete = new OpenAI({ ...options, maxTokens: 3 })
  const text = await complete.invoke('One, two,')
  assert.ok(text.length > 0)
  let streamed = ''
  for await (const part of await complete.stream('One, two,')) streamed += part
  assert.equal(streamed, text)
})

await check('errors: 401, 404 and 400 as LangChain and the client under it name them', async () => {
  const refused = async (more, fields) => {
    const error = await chat(more)
      .invoke(question)
      .then(assert.fail, (error) => error)
    for (const [field, value] of Object.entries(fields)) assert.equal(error[field], value, `${field} of ${error}`)
    return error
  }
  await refused({ apiKey: 'wrong' }, { status: 401, code: 'invalid_api_key', lc_error_code: 'MODEL_AUTHENTICATION' })
  await refused({ model: 'gpt-9' }, { status: 404, code: 'model_not_found', lc_error_code: 'MODEL_NOT_FOUND' })
  await refused({ temperature: 3 }, { status: 400, param: 'temperature' })
})

await check('429: refused without retries, answered with them', async () => {
  const release = await occupy()
  try {
    const error = await chat()
      .invoke(question)
      .then(assert.fail, (error) => error)
    assert.equal(error.status, 429)
    const { seen, fetch } = watched(release)
    const patient = chat({ maxRetries: 6, configuration: { baseURL, fetch } })
    assert.equal((await patient.invoke(question)).content, answer)
    retried(seen)
  } finally {
    release()
  }
  await settled()
})

await check('an aborted stream, an aborted request and a timeout free their slots', async () => {
  const endless = chat({ maxTokens: 200, modelKwargs: { ignore_eos: true } })
  for await (const { content } of await endless.stream(question)) if (content) break
  await settled()
  const leave = new AbortController()
  const asked = endless.invoke(question, { signal: leave.signal })
  await Promise.all([settled(1).finally(() => leave.abort()), assert.rejects(asked, /abort/i)])
  await settled()
  await assert.rejects(endless.invoke(question, { timeout: 1000 }), ({ name }) => /Timeout|Abort/.test(name))
  await settled()
})

finish()
