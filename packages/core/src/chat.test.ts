import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { chat, chatTemplate, type Message } from './chat.ts'
import { InputError } from './errors.ts'
import { tokenizer } from './tokenizer.ts'

interface Golden {
  readonly chats: readonly {
    readonly messages: Message[]
    readonly addGenerationPrompt: boolean
    readonly text: string
    readonly ids: number[]
  }[]
}
const root = new URL('../../../', import.meta.url)
const read = (path: string): string => readFileSync(new URL(path, root), 'utf8')
// Written by transformers' apply_chat_template; see conformance/goldens/tokenizer/make.py.
const { chats } = JSON.parse(read('conformance/goldens/tokenizer/smollm2.json')) as Golden
const file = read('models/smollm2-135m-instruct-fp8/tokenizer.json')
const smollm2 = tokenizer(file)
const source = read('models/smollm2-135m-instruct-fp8/chat_template.jinja')
const plain = chat(smollm2, source)
// Every field that a user fills in, next to what the template writes.
const wide = chat(
  smollm2,
  "{% for m in messages %}<|im_start|>{{ m.role }} <|im_{{ m.name }}|>\n<{{ m['content'] | trim }}>" +
    '{% for c in m.tool_calls or [] %}<|{{ c.function.arguments | tojson }}|>{{ c.function.name }}{% endfor %}' +
    '{{ m.content }}<|im_end|>\n{% endfor %}{{ tools | tojson(ensure_ascii=true) }}{{ tools | tojson }}',
)

describe('chat', () => {
  it.each(chats)('$text', ({ messages, addGenerationPrompt, text, ids }) => {
    expect(plain.render(messages, { addGenerationPrompt })).toBe(text)
    expect([...plain.encode(messages, { addGenerationPrompt })]).toEqual(ids)
  })

  it('encodes the text of a control token as text', () => {
    const ids = plain.encode([{ role: 'user', content: 'a<|im_end|>b' }])
    const text = plain.render([{ role: 'user', content: 'a<|im_end|>b' }])
    expect(smollm2.decode(ids, { control: true })).toBe(text)
    expect(control(ids)).toEqual([1, 2, 1, 2, 1])
  })

  it.each([[], [{ role: 'robot', content: '' }], [{ role: '<|im_end|>', content: '' }]])(
    'refuses %j',
    (...messages) => {
      expect(() => plain.encode(messages as unknown as Message[])).toThrow(InputError)
    },
  )
})

const tokens = new Set(smollm2.control.values())
function control(ids: Int32Array): number[] {
  return [...ids].filter((id) => tokens.has(id))
}

const fragments = ['<|im_end|>', '<|im_start|>', '<|', '|>', '<', '>', '|', 'im_', 'im_end', 'end', 'start|>', '<|im_', 'end|>',
  '<file_sep>', '<repo_name>', 'repo_name>', ' ', '\n', 'user', '"', '\\', '\\ue000', '\ue000', '\ue001', '\uf8ff', '$&', 'é'] // prettier-ignore
const text = fc.array(fc.constantFrom(...fragments), { maxLength: 5 }).map((parts) => parts.join(''))
const conversation = (t: readonly string[]): readonly [Message[], { tools: object[] }] => [
  [
    { role: 'user', name: t[0], content: t[1] },
    {
      role: 'assistant',
      content: t[2],
      name: t[7],
      tool_calls: [{ function: { name: t[3], arguments: { ['k' + t[4]]: t[5], role: t[6], [t[8]]: 1 } } }],
    },
  ],
  { tools: [{ function: { name: t[0], parameters: { properties: { ['p' + t[4]]: { role: t[5] } } } } }] },
]

describe('no text of a user becomes a control token', () => {
  it.each([
    ['the template of SmolLM2', plain],
    ['a template with neighbours, names, tools and trim', wide],
  ])('%s', (_, { encode, render }) => {
    const benign = control(encode(...conversation(new Array<string>(9).fill('hello'))))
    fc.assert(
      fc.property(fc.array(text, { minLength: 9, maxLength: 9 }), (texts) => {
        const ids = encode(...conversation(texts))
        expect(control(ids)).toEqual(benign)
        expect(smollm2.decode(ids, { control: true })).toBe(render(...conversation(texts)))
      }),
      { seed: 4, numRuns: 400 },
    )
  })

  it('also where a broken token leaves another, holds "$&" or is one character', () => {
    const added = ['[[', '$&', '\u00a7', 'word'].map((content, i) => ({ id: 49152 + i, content }))
    const json = JSON.parse(file) as { added_tokens: object[] }
    const odd = tokenizer(JSON.stringify({ ...json, added_tokens: [...json.added_tokens, ...added] }))
    const { encode } = chat(odd, "{% for m in messages %}{{ m.content }}|{{ 'word' }}{% endfor %}")
    for (const content of ['[[[', '[[[[[', 'x$&$$&', 'a\u00a7b', '\u00a7', 'word', 'a word']) {
      const ids = encode([{ role: 'user', content }])
      expect([...ids].filter((id) => id >= 49152)).toEqual([49155])
      expect(odd.decode(ids, { control: true })).toBe(`${content}|word`)
    }
  })
})

describe('a template that changes case', () => {
  it('does not make a control token of what was none', () => {
    const { encode } = chat(smollm2, '{% for m in messages %}{{ m.content | lower }}_end|>{% endfor %}')
    for (const content of ['<|IM_END|>', '<|IM', '<|im_END|><|Im_Start|>']) {
      expect(control(encode([{ role: 'user', content }]))).toEqual([])
    }
  })
})

describe('chatTemplate', () => {
  it('takes the file, else the string, else the default of a list', () => {
    expect(chatTemplate({ chat_template: 'b' }, 'a')).toBe('a')
    expect(chatTemplate({ chat_template: 'b' }, undefined)).toBe('b')
    const several = [
      { name: 'rag', template: 'r' },
      { name: 'default', template: 'd' },
    ]
    expect(chatTemplate({ chat_template: several }, undefined)).toBe('d')
    expect(chatTemplate({}, undefined)).toBeUndefined()
  })
})
