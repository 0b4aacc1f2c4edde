// LangChain's client for OpenAI's protocol, unmodified: withStructuredOutput and bindTools.
import assert from 'node:assert/strict'
import { HumanMessage, ToolMessage } from '@langchain/core/messages'
import { tool } from '@langchain/core/tools'
import { ChatOpenAI } from '@langchain/openai'
import { z } from 'zod'
import { check, finish, server } from './checks.mjs'

const { base: baseURL, key: apiKey, model } = server
const chat = new ChatOpenAI({ model, apiKey, configuration: { baseURL }, maxRetries: 0, temperature: 0, maxTokens: 96 })
const question = [new HumanMessage('Paint it.')]
const Paint = z.object({ colour: z.enum(['red', 'blue']), coats: z.int().min(1).max(3), wet: z.boolean() })
const City = z.object({ city: z.enum(['Paris', 'Rome']) })

for (const method of ['jsonSchema', 'functionCalling']) {
  await check(`withStructuredOutput by ${method}`, async () => {
    const painted = await chat.withStructuredOutput(Paint, { method, name: 'paint' }).invoke(question)
    assert.deepEqual(Paint.parse(painted), painted)
  })
}

await check('withStructuredOutput of a JSON Schema, includeRaw', async () => {
  const schema = { title: 'paint', ...z.toJSONSchema(Paint) }
  const { raw, parsed } = await chat
    .withStructuredOutput(schema, { method: 'jsonSchema', includeRaw: true })
    .invoke(question)
  assert.deepEqual(Paint.parse(parsed), parsed)
  assert.deepEqual(JSON.parse(raw.content), parsed)
})

await check('json_object', async () => {
  const { content } = await chat.invoke(question, { response_format: { type: 'json_object' } })
  assert.match(content, /^\{/)
})

const paint = tool(({ colour }) => `It is ${colour}.`, { name: 'paint', description: 'Paints.', schema: Paint })
const find = tool(({ city }) => `${city} is there.`, { name: 'find', description: 'Finds.', schema: City })

await check('bindTools: a call is run, and its result goes back', async () => {
  const bound = chat.bindTools([paint, find], { tool_choice: 'required', parallel_tool_calls: false })
  const reply = await bound.invoke(question)
  assert.equal(reply.tool_calls.length, 1)
  const [call] = reply.tool_calls
  const result = await (call.name === 'paint' ? paint : find).invoke(call)
  assert.ok(result instanceof ToolMessage)
  assert.equal(result.tool_call_id, call.id)
  const next = await bound.invoke([...question, reply, result])
  assert.equal(next.tool_calls.length, 1)
})

await check('bindTools with a function by its name, streamed: chunks make the call', async () => {
  const bound = chat.bindTools([paint, find], { tool_choice: 'paint' })
  let whole
  for await (const chunk of await bound.stream(question)) whole = whole?.concat(chunk) ?? chunk
  assert.equal(whole.tool_calls.length, 1)
  assert.equal(whole.tool_calls[0].name, 'paint')
  Paint.parse(whole.tool_calls[0].args)
  assert.ok(whole.tool_call_chunks[0].args.length > 0)
})

finish()
