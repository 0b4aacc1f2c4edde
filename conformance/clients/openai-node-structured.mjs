// The official client for Node, unmodified: answers of a schema, and tools. CLIENT names the package, as in openai-node.mjs.
import assert from 'node:assert/strict'
import { z } from 'zod'
import { check, finish, server, thrown } from './checks.mjs'

const name = process.env.CLIENT ?? 'openai'
const openai = await import(name)
const { zodFunction, zodResponseFormat } = await import(`${name}/helpers/zod`)
const { LengthFinishReasonError } = await import(`${name}/core/error`)
const { base, key, model } = server
const client = new openai.default({ baseURL: base, apiKey: key, maxRetries: 0 })
const chat = client.chat.completions
const messages = [{ role: 'user', content: 'Paint it.' }]
const greedy = { model, messages, max_tokens: 96, temperature: 0 }

const Paint = z.object({ colour: z.enum(['red', 'blue']), coats: z.int().min(1).max(3), wet: z.boolean().nullable() })
const City = z.object({ city: z.enum(['Paris', 'Rome']) })
const Weather = z.object({ city: z.enum(['Paris', 'Rome']), days: z.int().min(1).max(5) })
const Note = z.object({ text: z.string().regex(/^[a-z]{3,8}$/) })
const format = zodResponseFormat(Paint, 'paint')
const tools = [
  zodFunction({ name: 'find', parameters: City, description: 'Finds a city.' }),
  zodFunction({ name: 'weather', parameters: Weather }),
  zodFunction({ name: 'note', parameters: Note }),
]
const shapes = { find: City, weather: Weather, note: Note }
const one = { tools, parallel_tool_calls: false }
const only = (name) => ({ type: 'function', function: { name } })

let painted
await check('parse with zodResponseFormat', async () => {
  const { choices } = await chat.parse({ ...greedy, response_format: format })
  painted = choices[0].message.parsed
  assert.deepEqual(Paint.parse(painted), painted)
  assert.equal(choices[0].finish_reason, 'stop')
})

await check('stream with zodResponseFormat: parsed at the end, as in the plain reply', async () => {
  const runner = chat.stream({ ...greedy, response_format: format })
  const deltas = []
  runner.on('content.delta', ({ delta }) => deltas.push(delta))
  const [done] = await Promise.all([new Promise((resolve) => runner.on('content.done', resolve)), runner.done()])
  assert.deepEqual(done.parsed, painted)
  assert.deepEqual(JSON.parse(deltas.join('')), painted)
  assert.ok(deltas.length > 3, 'in pieces')
})

await check('json_object, a regular expression, a grammar', async () => {
  const said = async (response_format) => {
    const { choices } = await chat.create({ ...greedy, max_tokens: 32, response_format })
    return choices[0]
  }
  assert.match(await said({ type: 'json_object' }).then(({ message }) => message.content), /^\{/)
  assert.match((await said({ type: 'regex', regex: '(?:yes|no), [0-9]{2}' })).message.content, /^(?:yes|no), \d\d$/)
  const { message, finish_reason } = await said({ type: 'grammar', grammar: 'root ::= "a" | "b" [0-9]' })
  assert.match(message.content, /^(?:a|b\d)$/)
  assert.equal(finish_reason, 'stop')
})

await check('parse of an answer that is cut is LengthFinishReasonError', async () => {
  await thrown(() => chat.parse({ ...greedy, max_tokens: 2, response_format: format }), LengthFinishReasonError)
})

await check('parse with zodFunction: parsed_arguments', async () => {
  const { choices } = await chat.parse({ ...greedy, ...one, tool_choice: 'required' })
  const { tool_calls: calls, content } = choices[0].message
  assert.equal(content, null)
  assert.equal(choices[0].finish_reason, 'tool_calls')
  assert.equal(calls.length, 1)
  const { name, parsed_arguments: parsed } = calls[0].function
  assert.deepEqual(shapes[name].parse(parsed), parsed)
  assert.match(calls[0].id, /^[a-zA-Z0-9]{9}$/)
})

await check('stream with tools: events of arguments, the same call at the end', async () => {
  const asked = { ...greedy, ...one, tool_choice: only('weather') }
  const runner = chat.stream(asked)
  const [deltas, done] = [[], []]
  runner.on('tool_calls.function.arguments.delta', (event) => deltas.push(event))
  runner.on('tool_calls.function.arguments.done', (event) => done.push(event))
  const [{ message }] = (await runner.finalChatCompletion()).choices
  const [{ function: called }] = message.tool_calls
  assert.equal(deltas.map(({ arguments_delta }) => arguments_delta).join(''), called.arguments)
  assert.ok(deltas.length > 3, 'in pieces')
  assert.deepEqual(
    done.map(({ name, index }) => [name, index]),
    [['weather', 0]],
  )
  assert.deepEqual(Weather.parse(done[0].parsed_arguments), JSON.parse(called.arguments))
  const plain = await chat.create(asked)
  assert.equal(plain.choices[0].message.tool_calls[0].function.arguments, called.arguments)
})

/** What the functions of an agent give back. */
const results = { find: () => 'It is there.', weather: () => ({ sky: 'clear' }), note: () => 'Noted.' }

await check('an agent of three tools: each is called once, results go back, auto ends it', async () => {
  const turns = [{ role: 'user', content: 'Plan my day.' }]
  const asked = { ...greedy, messages: turns }
  const called = []
  for (const left of [tools, tools.slice(1), tools.slice(2)]) {
    const [{ message }] = (
      await chat.create({ ...asked, tools: left, parallel_tool_calls: false, tool_choice: 'required' })
    ).choices
    const [{ id, function: one }] = message.tool_calls
    shapes[one.name].parse(JSON.parse(one.arguments))
    called.push(one.name)
    turns.push(message, { role: 'tool', tool_call_id: id, content: JSON.stringify(results[one.name]()) })
  }
  assert.equal(called.length, 3)
  assert.equal(called.at(-1), 'note')
  const [{ message, finish_reason }] = (await chat.create({ ...asked, tools, max_tokens: 24, tool_choice: 'auto' }))
    .choices
  assert.ok(message.content !== null || message.tool_calls.length > 0)
  assert.ok(['stop', 'length', 'tool_calls'].includes(finish_reason))
})

await check('foreign ids, of 29 characters and of other makers', async () => {
  const ids = ['call_0123456789abcdefghijABCD', 'chatcmpl-tool-1', '7']
  const call = (id) => ({ id, type: 'function', function: { name: 'find', arguments: '{"city":"Rome"}' } })
  const history = [
    ...messages,
    { role: 'assistant', content: null, tool_calls: ids.map(call) },
    ...ids.map((id) => ({ role: 'tool', tool_call_id: id, content: `of ${id.slice(-4)}` })),
  ]
  assert.equal((await chat.create({ ...greedy, messages: history, max_tokens: 1 })).choices.length, 1)
})

await check('runTools: three calls run, their results are sent back', async () => {
  const ran = []
  const runnable = ['find', 'weather', 'note'].map((name) => ({
    type: 'function',
    function: {
      name,
      parameters: z.toJSONSchema(shapes[name]),
      parse: (text) => shapes[name].parse(JSON.parse(text)),
      function: (args) => (ran.push([name, args]), results[name]()),
    },
  }))
  const runner = chat.runTools(
    {
      ...greedy,
      messages: [{ role: 'user', content: 'Go.' }],
      tools: runnable,
      parallel_tool_calls: false,
      tool_choice: 'required',
    },
    { maxChatCompletions: 3 },
  )
  await runner.done()
  assert.equal(ran.length, 3)
  for (const [name, args] of ran) shapes[name].parse(args)
  const roles = runner.messages.map(({ role }) => role)
  assert.deepEqual(roles, ['user', ...Array(3).fill(['assistant', 'tool']).flat()])
})

await check('what cannot be enforced is BadRequestError, and says where', async () => {
  const refused = (body, param) => thrown(() => chat.create({ ...greedy, ...body }), openai.BadRequestError, { param })
  const schema = { type: 'object', properties: { a: { type: 'string', format: 'no-such' } }, required: ['a'] }
  const json_schema = { name: 'x', schema }
  await refused({ response_format: { type: 'json_schema', json_schema } }, 'response_format.json_schema.schema')
  const parameters = { type: 'function', function: { name: 'f', parameters: schema } }
  await refused({ tools: [parameters] }, 'tools[0].function.parameters')
  await refused({ tools, tool_choice: only('nobody') }, 'tool_choice.function.name')
  await refused({ response_format: format, stop: ['x'] }, 'stop')
})

finish()
