import { Ajv2020 } from 'ajv/dist/2020.js'
import { afterAll, expect, test } from 'vitest'
import { user } from '../chat-client.fixture.ts'
import { nativeServing } from '../native-serving.fixture.ts'
import { chatCompletion, chatCompletionChunk } from '../schema/responses.ts'
import { chunksOf, servedHandler } from '../served-handler.fixture.ts'
import { callId } from '../tools/call-id.ts'

const served = await nativeServing()
afterAll(() => served.close())
const { post } = servedHandler(served)

const parameters = {
  type: 'object',
  properties: { on: { type: 'boolean' }, at: { type: 'integer', minimum: 0, maximum: 23 } },
  required: ['on'],
  additionalProperties: false,
}
const tools = [{ type: 'function', function: { name: 'alarm', description: 'Sets it.', parameters } }]
const isValid = new Ajv2020().compile(parameters)
const token = served.model.tokenizer.control.get('[TOOL_CALLS]')!
const base = { model: 'native', messages: user('Wake me!'), tools, temperature: 2, max_tokens: 150, seed: 1 }

async function ask(changes: object) {
  const response = await post('/v1/chat/completions', { ...base, ...changes })
  if (response.status !== 200) throw new Error(await response.text())
  return chatCompletion.strict().parse(await response.json())
}

test('calls natively, where it has to or chooses to', async () => {
  for (const changes of [{ tool_choice: 'required' }, { logit_bias: { [token]: 100 } }]) {
    const { choices } = await ask({ n: 4, parallel_tool_calls: false, ...changes })
    for (const { message, finish_reason: reason } of choices) {
      expect([message.content, reason]).toEqual([null, 'tool_calls'])
      expect(message.tool_calls!.map((call) => call.function.name)).toEqual(['alarm'])
      expect(isValid(JSON.parse(message.tool_calls![0]!.function.arguments))).toBe(true)
    }
  }
})

test('says a text of which no control token is part, where it does not', async () => {
  for (const tool_choice of ['auto', 'none']) {
    const { choices } = await ask({
      n: 2,
      max_tokens: 20,
      tool_choice,
      logit_bias: { [token]: tool_choice === 'none' ? 100 : -100 },
    })
    for (const { message } of choices) expect(message).not.toHaveProperty('tool_calls')
    expect(choices.every(({ message }) => typeof message.content === 'string')).toBe(true)
  }
})

test('streams them; content is as empty as in the plain reply', async () => {
  const body = { ...base, stream: true, tool_choice: { type: 'function', function: { name: 'alarm' } } }
  const chunks = (await chunksOf(await post('/v1/chat/completions', body))).map((chunk) =>
    chatCompletionChunk.parse(chunk),
  )
  const choices = chunks.flatMap(({ choices }) => choices)
  expect(choices.map(({ delta }) => delta.content ?? '').join('')).toBe('')
  const deltas = choices.flatMap(({ delta }) => delta.tool_calls ?? [])
  expect(deltas[0]).toMatchObject({ index: 0, type: 'function', function: { name: 'alarm', arguments: '' } })
  expect(isValid(JSON.parse(deltas.map((delta) => delta.function.arguments).join('')))).toBe(true)
  expect(choices.at(-1)!.finish_reason).toBe('stop')
})

test('the prompt is that of its format, with ids of its form', async () => {
  const call = { id: 'call_1', type: 'function', function: { name: 'alarm', arguments: '{"on":true}' } }
  const result = { role: 'tool', tool_call_id: 'call_1', content: 'done' }
  const messages = [...user('Wake me!'), { role: 'assistant', content: '', tool_calls: [call] }, result]
  const response = await post('/tokenize', { messages, tools })
  const { tokens } = (await response.json()) as { tokens: number[] }
  const native = (id: string) => [
    ...user('Wake me!'),
    { role: 'assistant', content: null, tool_calls: [{ ...call, id }] } as const,
    { role: 'tool', tool_call_id: id, content: 'done' } as const,
  ]
  expect(tokens).toEqual([...served.loaded.chat!.encode(native('000000000'), { tools })])
  expect(tokens).not.toEqual([...served.loaded.chat!.encode(native(callId()), { tools })])
  expect(served.model.tokenizer.decode(tokens, { control: true })).toContain('[TOOL_RESULTS] {"content": "done"')
})
