// Vercel's AI SDK, unmodified: objects of a schema, and tools in several steps.
import assert from 'node:assert/strict'
import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { generateObject, generateText, stepCountIs, streamObject, streamText, tool } from 'ai'
import { z } from 'zod'
import { check, finish, server } from './checks.mjs'

globalThis.AI_SDK_LOG_WARNINGS = false
const { base: baseURL, key: apiKey, model } = server
const compatible = createOpenAICompatible({ name: 'tramontane', baseURL, apiKey, supportsStructuredOutputs: true })
const official = createOpenAI({ baseURL, apiKey })
const greedy = { prompt: 'Paint it.', maxOutputTokens: 96, temperature: 0, maxRetries: 0 }
const Paint = z.object({ colour: z.enum(['red', 'blue']), coats: z.int().min(1).max(3), wet: z.boolean() })
const City = z.object({ city: z.enum(['Paris', 'Rome']) })
let painted

for (const [name, chosen] of [
  ['openai-compatible', compatible.chatModel(model)],
  ['openai', official.chat(model)],
]) {
  await check(`${name}: generateObject`, async () => {
    const { object, finishReason } = await generateObject({ ...greedy, model: chosen, schema: Paint })
    assert.deepEqual(Paint.parse(object), object)
    painted ??= object
    assert.deepEqual(object, painted)
    assert.equal(finishReason, 'stop')
  })
}

await check('streamObject: parts that grow to the object', async () => {
  const { partialObjectStream, object } = streamObject({ ...greedy, model: compatible.chatModel(model), schema: Paint })
  const parts = []
  for await (const part of partialObjectStream) parts.push(part)
  assert.deepEqual(await object, painted)
  assert.deepEqual(parts.at(-1), painted)
  assert.ok(parts.length > 1, 'in pieces')
})

await check('generateObject of an enum', async () => {
  const asked = { ...greedy, model: compatible.chatModel(model) }
  const { object: word } = await generateObject({ ...asked, output: 'enum', enum: ['sunny', 'rainy'] })
  assert.ok(['sunny', 'rainy'].includes(word))
})

/** Tools that note what they were called with. */
function noting() {
  const seen = []
  const noted = (name, inputSchema) =>
    tool({ inputSchema, execute: (input) => (seen.push([name, inputSchema.parse(input)]), { done: name }) })
  return { seen, tools: { find: noted('find', City), paint: noted('paint', Paint) } }
}

await check('generateText with tools, stopWhen stepCountIs(3): every step calls, and sends results back', async () => {
  const { seen, tools } = noting()
  const providerOptions = { openai: { parallelToolCalls: false } }
  const asked = { ...greedy, model: official.chat(model), tools, toolChoice: 'required', providerOptions }
  const { steps, finishReason } = await generateText({ ...asked, stopWhen: stepCountIs(3) })
  assert.equal(steps.length, 3)
  assert.equal(seen.length, 3)
  assert.ok(steps.every(({ toolResults, toolCalls }) => toolCalls.length === 1 && toolResults.length === 1))
  assert.equal(finishReason, 'tool-calls')
})

await check('streamText with a tool by its name', async () => {
  const { seen, tools } = noting()
  const asked = { ...greedy, model: official.chat(model), tools, toolChoice: { type: 'tool', toolName: 'paint' } }
  const kinds = []
  for await (const { type } of streamText({ ...asked, onError: ({ error }) => assert.fail(error) }).fullStream)
    kinds.push(type)
  assert.equal(seen.length, 1)
  assert.equal(seen[0][0], 'paint')
  for (const kind of ['tool-input-start', 'tool-input-delta', 'tool-input-end', 'tool-call', 'tool-result'])
    assert.ok(kinds.includes(kind), `${kind} in ${kinds}`)
})

finish()
