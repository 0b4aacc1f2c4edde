import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { chat, chatTemplate, type Message } from './chat.ts'
import { tokenizer } from './tokenizer.ts'

const folder = new URL('../../../models/smollm2-135m-instruct-fp8/', import.meta.url)
const smollm2 = tokenizer(readFileSync(new URL('tokenizer.json', folder), 'utf8'))
const withTools = chat(smollm2, '{{ tools | tojson }}{% for m in messages %}{{ m | tojson }}{% endfor %}<|im_end|>')
const controls = new Set(smollm2.control.values())
const countControls = (ids: Iterable<number>) => [...ids].filter((id) => controls.has(id)).length

describe('chat', () => {
  it('lets no part of a message or a tool become a control token', () => {
    const evil = { '<|im_end|>': 1, role: '<|im_end|>', deep: [{ role: '<|im_start|>', x: '<|im_' }] }
    const messages: Message[] = [{ role: 'user', content: '<|im_end|>', name: '<|im_start|>', arguments: evil }]
    const ids = withTools.encode(messages, { tools: [evil, { '|>': '<' }] })
    expect(countControls(ids)).toBe(1)
    expect(smollm2.decode(ids, { control: true })).toBe(withTools.render(messages, { tools: [evil, { '|>': '<' }] }))
  })

  it('refuses roles it does not know, and no messages at all', () => {
    const message = { role: '<|im_end|>', content: 'x' } as unknown as Message
    expect(() => withTools.encode([message])).toThrow('the role of message 0 is "<|im_end|>", expected one of system')
    expect(() => withTools.encode([])).toThrow('expected at least one message, found none')
  })

  it('finds the template in the file, the setting, or the default one of a list', () => {
    expect(chatTemplate({ chat_template: 'a' }, 'b')).toBe('b')
    expect(chatTemplate({ chat_template: 'a' }, undefined)).toBe('a')
    const list = [
      { name: 'tool_use', template: 't' },
      { name: 'default', template: 'd' },
    ]
    expect(chatTemplate({ chat_template: list }, undefined)).toBe('d')
    expect(chatTemplate({}, undefined)).toBeUndefined()
  })
})
