import { readFileSync } from 'node:fs'
import { chat, tokenizer } from '@tramontane/core'
import { describe, expect, it } from 'vitest'
import type { ChatMessage } from './conversation.ts'
import { promptedInput, toolPrompt } from './prompted.ts'
import type { ToolChoice, ToolUse } from './tool.ts'

const tools = [{ name: 'now', description: 'The time in a city.', parameters: { type: 'object' } }, { name: 'f' }]
const use = (choice: ToolChoice, parallel = true): ToolUse => ({ tools, choice, parallel })

const call = (id: string, name: string, given = '{}') => ({
  id,
  type: 'function' as const,
  function: { name, arguments: given },
})
const user = (content: string): ChatMessage => ({ role: 'user', content })
const calling = (content: string | null, ...calls: ReturnType<typeof call>[]): ChatMessage => ({
  role: 'assistant',
  content,
  tool_calls: calls,
})
const result = (id: string, content: string): ChatMessage => ({ role: 'tool', content, tool_call_id: id })

describe('a prompt about tools', () => {
  it('lists them as JSON, and shows a call in the form that is asked for', () => {
    const text = toolPrompt(use('auto'))
    const [, list] = /<tools>(.*)<\/tools>/.exec(text)!
    expect(JSON.parse(list!)).toEqual([
      { type: 'function', function: tools[0] },
      { type: 'function', function: { name: 'f' } },
    ])
    const [, calls] = /<tool_call>(.*)<\/tool_call>/.exec(text)!
    expect(JSON.parse(calls!)).toEqual([{ name: expect.any(String), arguments: expect.any(Object) }])
  })

  it('says how many are wanted', () => {
    const wanted = [use('auto'), use('auto', false), use('required'), use('required', false), use({ name: 'f' })]
    const last = wanted.map((use) => toolPrompt(use).split('\n').at(-1)!)
    expect(new Set(last).size).toBe(5)
    expect(last[4]).toContain('function f,')
  })

  it('comes behind what the system message says', () => {
    const text = toolPrompt(use('auto'))
    const at = (messages: ChatMessage[], choice: ToolChoice = 'auto') => promptedInput(messages, use(choice)).messages
    expect(at([user('x')])).toEqual([{ role: 'system', content: text }, user('x')])
    const system = (content: string): ChatMessage => ({ role: 'system', content })
    expect(at([system('Be brief.'), user('x')])).toEqual([system(`Be brief.\n\n${text}`), user('x')])
    expect(at([system(''), user('x')])).toEqual([system(text), user('x')])
    expect(at([user('x')], 'none')).toEqual([user('x')])
    expect(promptedInput([user('x')], null)).toEqual({ messages: [user('x')] })
  })

  it('is what the guide shows', async () => {
    const guide = readFileSync(new URL('../../../../docs/guide/tools.md', import.meta.url), 'utf8')
    expect(guide).toContain(`\n${toolPrompt({ tools: [tools[0]!], choice: 'auto', parallel: true })}\n`)
  })
})

describe('calls and results', () => {
  const conversation = [
    user('What is the time in Rome and Oslo?'),
    calling('Let me see.', call('a', 'now', '{"city": "Rome"}'), call('b', 'now', '{"city":1.0}')),
    result('b', '{"time": "12:00"}'),
    { ...result('a', 'no "idea"'), name: 'clock' },
  ]
  const shown = [
    user('What is the time in Rome and Oslo?'),
    {
      role: 'assistant',
      content:
        'Let me see.<tool_call>[{"name": "now", "arguments": {"city": "Rome"}}, {"name": "now", "arguments": {"city":1.0}}]</tool_call>',
    },
    user(`<tool_response>{"name": "now", "content": {"time": "12:00"}}</tool_response>
<tool_response>{"name": "clock", "content": "no \\"idea\\""}</tool_response>`),
  ]

  it('are what assistant and user say', () => {
    expect(promptedInput(conversation, null).messages).toEqual(shown)
    const calm = promptedInput([user('x'), calling(null, call('a', 'f')), result('a', '')], null).messages
    expect(calm.slice(1)).toEqual([
      { role: 'assistant', content: '<tool_call>[{"name": "f", "arguments": {}}]</tool_call>' },
      user('<tool_response>{"name": "f", "content": ""}</tool_response>'),
    ])
  })

  it('stand in one message with what the user says next', () => {
    const more = promptedInput([...conversation, user('And now?'), user('Well?')], null).messages
    expect(more).toEqual([...shown.slice(0, 2), user(`${shown[2]!.content}\n\nAnd now?`), user('Well?')])
  })

  it('are taken by templates in which user and assistant have to alternate', () => {
    const model = (path: string) => readFileSync(new URL(`../../../../models/${path}`, import.meta.url), 'utf8')
    const words = tokenizer(model('smollm2-135m-instruct-fp8/tokenizer.json'))
    const mistral = chat(words, model('mistral-7b-instruct-v0.2/chat_template.jinja'), {
      bos_token: '',
      eos_token: '.',
    })
    expect(mistral.tools).toBe(false)
    const { messages } = promptedInput([...conversation, user('And now?')], use('auto'))
    const text = mistral.render(messages)
    for (const { content } of messages) expect(text).toContain(content)
  })
})
