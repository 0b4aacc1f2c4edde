// Vercel's AI SDK, unmodified, through both of its providers for servers that speak OpenAI's protocol.
import assert from 'node:assert/strict'
import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { APICallError, generateText, RetryError, streamText } from 'ai'
import { check, finish, occupy, question, retried, server, settled, thrown, watched } from './checks.mjs'

globalThis.AI_SDK_LOG_WARNINGS = false
const { base: baseURL, key: apiKey, model } = server
const compatible = createOpenAICompatible({ name: 'tramontane', baseURL, apiKey, includeUsage: true })
const official = createOpenAI({ baseURL, apiKey })
const messages = question
const greedy = { messages, maxOutputTokens: 4, temperature: 0, maxRetries: 0, allowSystemInMessages: true }
const endless = {
  ...greedy,
  maxOutputTokens: 200,
  prompt: undefined,
  providerOptions: { tramontane: { ignore_eos: true } },
}
let answer

for (const [name, chosen] of [
  ['openai-compatible', compatible.chatModel(model)],
  ['openai', official.chat(model)],
]) {
  await check(`${name}: generateText`, async () => {
    const { text, usage, finishReason, response } = await generateText({ ...greedy, model: chosen })
    assert.ok(text.length > 0)
    answer ??= text
    assert.equal(text, answer)
    assert.ok(['stop', 'length'].includes(finishReason))
    assert.ok(usage.outputTokens > 0 && usage.outputTokens <= 4)
    assert.equal(usage.totalTokens, usage.inputTokens + usage.outputTokens)
    assert.match(response.id, /^chatcmpl-/)
    assert.ok(response.headers['x-request-id'])
  })

  await check(`${name}: streamText`, async () => {
    const result = streamText({ ...greedy, model: chosen, onError: () => {} })
    const parts = []
    for await (const part of result.textStream) parts.push(part)
    assert.equal(parts.join(''), answer)
    assert.ok(parts.length > 1, 'in pieces')
    const { outputTokens, inputTokens, totalTokens } = await result.usage
    assert.ok(outputTokens > 0)
    assert.equal(totalTokens, inputTokens + outputTokens)
    assert.ok(['stop', 'length'].includes(await result.finishReason))
  })
}

await check('conversation with parts; stopSequences, seed, topK, penalties', async () => {
  const turns = [
    { role: 'user', content: [{ type: 'text', text: 'Name a colour.' }] },
    { role: 'assistant', content: 'Red.' },
    { role: 'user', content: 'Another?' },
  ]
  const asked = { model: compatible.chatModel(model), system: 'Be brief.', messages: turns, maxOutputTokens: 4 }
  const more = { temperature: 1, seed: 5, topP: 0.9, presencePenalty: 0.5, frequencyPenalty: 0.5, maxRetries: 0 }
  const { text } = await generateText({ ...asked, ...more })
  assert.equal((await generateText({ ...asked, ...more })).text, text)
  const stop = answer.slice(-3, -1)
  const cut = await generateText({ ...greedy, model: compatible.chatModel(model), stopSequences: [stop] })
  assert.equal(cut.text, answer.slice(0, answer.indexOf(stop)))
  assert.equal(cut.finishReason, 'stop')
})

await check('completion models, plain and streamed', async () => {
  const asked = { prompt: 'One, two,', maxOutputTokens: 3, temperature: 0, maxRetries: 0 }
  const { text } = await generateText({ ...asked, model: compatible.completionModel(model) })
  assert.ok(text.length > 0)
  for (const chosen of [compatible.completionModel(model), official.completion(model)]) {
    assert.equal(await streamText({ ...asked, model: chosen }).text, text)
  }
})

await check('logprobs', async () => {
  const providerOptions = { openai: { logprobs: 2 } }
  const asked = { ...greedy, model: official.chat(model), maxOutputTokens: 3, providerOptions }
  const { providerMetadata, text } = await generateText(asked)
  const { logprobs } = providerMetadata.openai
  assert.equal(logprobs.map(({ token }) => token).join(''), text)
  assert.ok(logprobs.every(({ logprob, top_logprobs }) => logprob <= 0 && top_logprobs.length === 2))
})

await check('errors are APICallError with status, and sentence of the server', async () => {
  const refused = async (chosen, fields, more = {}) => {
    const error = await thrown(() => generateText({ ...greedy, ...more, model: chosen }), APICallError, fields)
    assert.equal(error.message, error.data.error.message)
    return error.data.error
  }
  const stranger = createOpenAICompatible({ name: 'tramontane', baseURL, apiKey: 'wrong' })
  const known = compatible.chatModel(model)
  assert.equal((await refused(stranger.chatModel(model), { statusCode: 401 })).code, 'invalid_api_key')
  assert.equal((await refused(compatible.chatModel('gpt-9'), { statusCode: 404 })).code, 'model_not_found')
  const hot = await refused(known, { statusCode: 400, isRetryable: false }, { temperature: 3 })
  assert.equal(hot.param, 'temperature')
  const errors = []
  const failing = streamText({ ...greedy, temperature: 3, model: known, onError: ({ error }) => errors.push(error) })
  await failing.consumeStream()
  assert.equal(errors[0].statusCode, 400)
})

await check('429: RetryError when retries run out, success when they do not', async () => {
  const release = await occupy()
  const chosen = compatible.chatModel(model)
  try {
    const busy = { statusCode: 429, isRetryable: true }
    const error = await thrown(() => generateText({ ...greedy, model: chosen }), APICallError, busy)
    assert.ok(Number(error.responseHeaders['retry-after']) >= 1)
    const exhausted = await thrown(() => generateText({ ...greedy, model: chosen, maxRetries: 1 }), RetryError)
    assert.equal(exhausted.errors.length, 2)
    const { seen, fetch } = watched(release)
    const patient = createOpenAICompatible({ name: 'tramontane', baseURL, apiKey, fetch }).chatModel(model)
    assert.equal((await generateText({ ...greedy, model: patient, maxRetries: 4 })).text, answer)
    retried(seen)
  } finally {
    release()
  }
  await settled()
})

await check('an aborted stream and an aborted request free their slots', async () => {
  const chosen = compatible.chatModel(model)
  const leave = new AbortController()
  const stream = streamText({ ...endless, model: chosen, abortSignal: leave.signal, onError: () => {} })
  let aborted = false
  for await (const { type } of stream.fullStream) {
    if (type === 'text-delta') leave.abort()
    if (type === 'abort') aborted = true
  }
  assert.ok(aborted)
  await settled()
  const impatient = generateText({ ...endless, model: chosen, abortSignal: AbortSignal.timeout(1000) })
  await assert.rejects(impatient, ({ name }) => name === 'AbortError' || name === 'TimeoutError')
  await settled()
})

finish()
