import { readFileSync } from 'node:fs'
import { chat, instruct, sentencePiece } from '@tramontane/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CallIds, callId } from './call-id.ts'
import type { ChatMessage } from './conversation.ts'
import { nativeInput } from './native.ts'
import { syntaxOf } from './syntax.ts'

interface Golden {
  readonly chats: readonly {
    readonly messages: ChatMessage[]
    readonly tools: GoldenTool[] | null
    readonly ids: number[]
  }[]
}
interface GoldenTool {
  readonly function: { readonly name: string; readonly description?: string; readonly parameters: object }
}
const root = new URL('../../../../', import.meta.url)
const v3 = sentencePiece(readFileSync(new URL('models/mistral-7b-instruct-v0.3/tokenizer.model', root)))
const mistral = instruct(v3, 3)
// Written by mistral-common; see conformance/goldens/mistral/make.py.
const { chats } = JSON.parse(readFileSync(new URL('conformance/goldens/mistral/v3.json', root), 'utf8')) as Golden

const user: ChatMessage = { role: 'user', content: 'x' }
const call = (id: string, given = '{}') => ({
  id,
  type: 'function' as const,
  function: { name: 'f', arguments: given },
})
const calling = (...ids: string[]): ChatMessage => ({
  role: 'assistant',
  content: null,
  tool_calls: ids.map((id) => call(id)),
})
const result = (id: string): ChatMessage => ({ role: 'tool', content: 'r', tool_call_id: id })

describe('Mistral v0.3', () => {
  const used = chats.filter(({ messages, tools }) => tools?.length || messages.some(({ role }) => role === 'tool'))

  it.each(used)('gives the ids of mistral-common: $messages', ({ messages, tools, ids }) => {
    const known = (tools ?? []).map(({ function: { name, description, parameters } }) => ({
      ...{ name, parameters },
      ...(description !== undefined && { description }),
    }))
    const use = known.length === 0 ? null : { tools: known, choice: 'auto' as const, parallel: true }
    const { messages: turns, ...options } = nativeInput(messages, use)
    expect([...mistral.encode(turns, options)]).toEqual(ids)
  })

  it('takes ids of any form', () => {
    const ids = ['call_abcdefghijklmnopqrstuvwx', 'abcDEF123', '1', '000000000']
    const { messages } = nativeInput([user, calling(...ids), ...ids.map(result)], null)
    expect(messages[1]!['tool_calls']).toMatchObject([
      { id: '000000001' },
      { id: 'abcDEF123' },
      { id: '000000002' },
      { id: '000000000' },
    ])
    expect(() => mistral.encode(messages)).not.toThrow()
  })

  it('says whose a result is, which version 2 wants', () => {
    const { messages } = nativeInput(
      [user, calling('a'), result('a'), calling('b'), { ...result('b'), name: 'g' }],
      null,
    )
    expect(messages.map((message) => message['name'])).toEqual([undefined, undefined, 'f', undefined, 'g'])
  })

  it('refuses text and calls in one message', () => {
    const both = [user, { ...calling('a'), content: 'Well.' }, result('a')]
    expect(() => mistral.encode(nativeInput(both, null).messages)).toThrow(/either content or tool_calls/)
  })
})

describe('ids of calls', () => {
  it('are kept alike and apart', () => {
    const ids = fc.array(fc.oneof(fc.string({ maxLength: 3 }), fc.stringMatching(/^00000000[0-9]$/)), { maxLength: 20 })
    const run = (given: string[]): void => {
      const known = new CallIds(given)
      const made = given.map((id) => known.of(id))
      for (const id of made) expect(id).toMatch(/^[a-zA-Z0-9]{9}$/)
      expect(given.map((id) => known.of(id))).toEqual(made)
      expect(new Set(made).size).toBe(new Set(given).size)
    }
    fc.assert(fc.property(ids, run), { seed: 1 })
  })

  it('are new ones at random', () => {
    const made = Array.from({ length: 1000 }, callId)
    for (const id of made) expect(id).toMatch(/^[a-zA-Z0-9]{9}$/)
    expect(new Set(made).size).toBe(1000)
    // Every character comes: 9,000 draws of 62.
    expect(new Set(made.join('')).size).toBe(62)
  })
})

describe('how a model writes calls', () => {
  const prompts = (tools: boolean) => ({
    tools,
    chat: () => Promise.reject(new Error()),
    text: () => Promise.reject(new Error()),
  })

  it('is by its tool token, where its template has a place for tools', () => {
    expect(syntaxOf({ tokenizer: v3, prompts: prompts(true) })).toEqual({ kind: 'native', token: 5 })
    expect(syntaxOf({ tokenizer: v3, prompts: prompts(false) })).toEqual({ kind: 'prompted' })
    const control = new Map([...v3.control].filter(([name]) => name !== '[TOOL_CALLS]'))
    expect(syntaxOf({ tokenizer: { ...v3, control }, prompts: prompts(true) })).toEqual({ kind: 'prompted' })
    const later = new Map([...v3.control, ['[ARGS]', 9]] as const)
    expect(syntaxOf({ tokenizer: { ...v3, control: later }, prompts: prompts(true) })).toEqual({ kind: 'prompted' })
  })

  it('shows in the template', () => {
    expect([mistral.tools, instruct(v3, 1).tools]).toEqual([true, false])
    expect(['{{ tools }}', '{{ toolset }}'].map((source) => chat(v3, source).tools)).toEqual([true, false])
  })

  it('is JSON of objects in a Jinja template, whatever form the arguments have', () => {
    const source =
      '{% for m in messages %}{% for call in m.tool_calls or [] %}{{ call.function | tojson }}{% endfor %}{% endfor %}'
    const render = (given: string) => chat(v3, source).render([user, { ...calling(), tool_calls: [call('a', given)] }])
    expect(render('{"a": [1, "b"]}')).toBe('{"name": "f", "arguments": {"a": [1, "b"]}}')
  })
})
