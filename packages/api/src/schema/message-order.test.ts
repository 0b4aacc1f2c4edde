import { describe, expect, test } from 'vitest'
import { chat, limits, refusal, strict } from './requests.fixture.ts'

const call = (id: string) => ({ id, type: 'function', function: { name: 'f', arguments: '{"a": 1.0}' } })
const calling = (...ids: string[]) => ({ role: 'assistant', content: null, refusal: null, tool_calls: ids.map(call) })
const result = (id: string) => ({ role: 'tool', content: 'r', tool_call_id: id })

test('our own answers can be sent back as they came', () => {
  const message = { role: 'assistant', content: 'b', refusal: null }
  expect(chat({ messages: [message] }, strict).messages).toEqual([{ role: 'assistant', content: 'b' }])
  expect(chat({ messages: [calling('abc'), result('abc')] }, strict).messages).toEqual([
    { role: 'assistant', content: null, tool_calls: [call('abc')] },
    result('abc'),
  ])
})

test('templates get no fields but those that they are known to read', () => {
  const extra = { name: 'n', constructor: 'x', evil: { a: 1 }, cache_control: {} }
  const messages = [
    { role: 'user', content: 'a', ...extra },
    { role: 'assistant', ...extra, tool_calls: [{ ...call('abc'), evil: 1 }] },
    { ...result('abc'), ...extra },
  ]
  expect(chat({ messages }).messages).toStrictEqual([
    { role: 'user', content: 'a' },
    { role: 'assistant', content: null, tool_calls: [call('abc')] },
    { ...result('abc'), name: 'n' },
  ])
})

describe('results', () => {
  const taken = (...messages: object[]) =>
    chat({ messages }, { ...limits, messages: 100, characters: 1e6 }).messages.length
  const user = { role: 'user', content: 'x' }
  const system = { role: 'system', content: 'x' }

  test('come in any order, also with system messages between, and ids may come again later', () => {
    expect(taken(user, calling('a', 'b'), result('b'), result('a'), user)).toBe(5)
    expect(taken(calling('a'), system, result('a'), calling('a'), result('a'))).toBe(5)
  })

  test.each([
    [[result('a')], 'messages[0].tool_call_id', 'there is none'],
    [[calling('a', 'c'), result('b')], 'messages[1].tool_call_id', 'of "a", "c"'],
    [[calling('a'), result('a'), result('a')], 'messages[2].tool_call_id', 'there is none'],
    [[calling('a'), result('a'), user, result('a')], 'messages[3].tool_call_id', 'there is none'],
    [[calling('a')], 'messages[0].tool_calls[0].id', 'is "a", a call without'],
    [[calling('a', 'b'), result('a'), user, result('b')], 'messages[0].tool_calls[1].id', 'is "b"'],
    [[calling('a'), calling('b'), result('a'), result('b')], 'messages[0].tool_calls[0].id', 'is "a"'],
    [[calling('a', 'a'), result('a')], 'messages[0].tool_calls[1].id', "another call's id"],
  ])('refused: %#', (messages, param, words) => {
    const error = refusal(() => taken(...messages))
    expect([error.status, error.param]).toEqual([400, param])
    expect(error.message).toContain(words)
  })

  test('refusals stay short', () => {
    const ids = Array.from({ length: 128 }, (_, i) => `${i}`.repeat(64))
    const error = refusal(() => taken(calling(...ids), result('x'.repeat(256))))
    expect(error.message.length).toBeLessThan(500)
  })
})
