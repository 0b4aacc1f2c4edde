import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { blobFolder, type Folder } from './byte-source.ts'
import type { Message } from './chat.ts'
import { readConfig } from './config.ts'
import { InputError, UnsupportedError } from './errors.ts'
import { loadText, type Text } from './load-text.ts'

interface Golden {
  readonly chats: readonly {
    readonly messages: Message[]
    readonly tools: object[] | null
    readonly ids: number[]
    readonly text: string
  }[]
  readonly original: readonly { readonly messages: Message[]; readonly ids: number[]; readonly text: string }[]
}
const root = new URL('../../../', import.meta.url)
const bytes = (path: string) => new Uint8Array(readFileSync(new URL(path, root)))
const text = (path: string): string => readFileSync(new URL(path, root), 'utf8')
// Written by mistral-common; see conformance/goldens/mistral/make.py.
const golden = (version: number): Golden => JSON.parse(text(`conformance/goldens/mistral/v${version}.json`)) as Golden

const [second, third] = ['models/mistral-7b-instruct-v0.2', 'models/mistral-7b-instruct-v0.3']
const [v1Model, v3Model] = [bytes(`${second}/tokenizer.model`), bytes(`${third}/tokenizer.model`)]
const names = ['config.json', 'tokenizer_config.json', 'chat_template.jinja', 'tokenizer.model'] as const
const published = Object.fromEntries(names.map((name) => [name, bytes(`${second}/${name}`)]))

const tekken = text('conformance/goldens/mistral/tekken.json')

/** The third version's model with a control piece of the seventh: one of the same length is renamed. */
function withSystemPrompt(model: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const source = Buffer.from(model).toString('latin1')
  const renamed = source.replace('[/TOOL_RESULTS]', '[SYSTEM_PROMPT]')
  return new Uint8Array(Buffer.from(renamed, 'latin1'))
}

/** A folder of these files; `undefined` leaves one out. */
function folder(files: Record<string, string | Uint8Array<ArrayBuffer> | undefined>): Folder {
  const given = Object.entries(files).filter(([, value]) => value !== undefined)
  return blobFolder(new Map(given.map(([name, value]) => [name, new Blob([value!])])), 'm')
}
const read = async (files: Parameters<typeof folder>[0], ...rest: [object?, object?]): Promise<Text> =>
  (await loadText(folder(files), ...rest))!

/** What a Jinja template can say: one system message at most, then turns that alternate and end with a user's. */
function isPlain(messages: readonly Message[]): boolean {
  const turns = messages[0]?.role === 'system' ? messages.slice(1) : messages
  return (
    turns.length > 0 &&
    messages[0].content !== '' &&
    turns.every(({ role, content }, i) => typeof content === 'string' && role === ['user', 'assistant'][i % 2]) &&
    turns.at(-1)!.role === 'user'
  )
}

describe('mistral-7b-instruct-v0.2', async () => {
  const config = readConfig(text(`${second}/config.json`))
  const { tokenizer, chat } = await read(published, config)
  const plain = golden(1).chats.filter(({ messages }) => isPlain(messages))

  it('has the numbers of the model', () => {
    expect(config).toMatchObject({ layers: 32, width: 4096, heads: 32, kvHeads: 8, headDim: 128, hidden: 14336 })
    expect(config).toMatchObject({ vocabulary: 32000, window: null, ropeTheta: 1e6, normEpsilon: 1e-5, context: 32768 })
    expect([config.begin, config.end, tokenizer.size]).toEqual([1, [2], 32000])
  })

  it('has enough chats to compare', () => {
    expect(plain.length).toBeGreaterThanOrEqual(17)
    expect(plain.filter(({ messages }) => messages[0].role === 'system').length).toBeGreaterThanOrEqual(4)
  })

  it.each(plain)('gives the ids of mistral-common: $text', ({ messages, ids }) => {
    expect([...chat!.encode(messages)]).toEqual(ids)
  })

  it('begins with exactly one BOS, also where a user writes it', () => {
    for (const content of ['Hi', '<s>', '<s><s> [INST]']) {
      const ids = [...chat!.encode([{ role: 'user', content }])]
      expect(ids.map((id, i) => (id === 1 ? i : -1)).filter((i) => i >= 0)).toEqual([0])
    }
    expect(tokenizer.prefix).toEqual([1])
  })

  it.each([
    [[['system', 's']]],
    [
      [
        ['user', 'a'],
        ['user', 'b'],
      ],
    ],
    [[['assistant', 'a']]],
    [
      [
        ['user', 'a'],
        ['system', 's'],
      ],
    ],
    [
      [
        ['user', 'a'],
        ['assistant', 'b'],
        ['tool', 'c'],
      ],
    ],
  ])('refuses or renders as its template does: %j', (turns) => {
    const messages = turns.map(([role, content]) => ({ role, content })) as Message[]
    if (messages.length === 1 && messages[0].role === 'system') expect(chat!.render(messages)).toBe('<s>')
    else expect(() => chat!.render(messages)).toThrow(InputError)
  })

  // The published tokenizer put a ▁ after every control token when this was its template.
  it.each(golden(1).original)('has the original template too: $text', async ({ messages, ids, text: rendered }) => {
    const settings = { ...(JSON.parse(text(`${second}/tokenizer_config.json`)) as object), legacy: true }
    const files = { ...published, 'tokenizer_config.json': JSON.stringify(settings) }
    const original = (await read(files, config, { template: 'original' })).chat!
    expect(original.render(messages)).toBe(rendered)
    expect([...original.encode(messages)]).toEqual(ids)
  })
})

describe("Mistral's own format, where there is no template", () => {
  const tool = { type: 'function', function: { name: 'f', parameters: {} } }
  const question: Message[] = [{ role: 'user', content: 'Hi' }]
  const find = (version: number, rendered: string): number[] =>
    golden(version).chats.find((chat) => chat.text === rendered)!.ids

  it('is that of version 3 in mistral-7b-instruct-v0.3', async () => {
    const files = ['config.json', 'tokenizer_config.json', 'tokenizer.model'].map((name) => [
      name,
      bytes(`${third}/${name}`),
    ])
    const config = readConfig(text(`${third}/config.json`))
    const { chat } = await read(Object.fromEntries(files) as typeof published, config)
    const { chats } = golden(3)
    for (const { messages, tools, ids } of chats)
      expect([...chat!.encode(messages, tools ? { tools } : {})]).toEqual(ids)
    expect(config.vocabulary).toBe(32768)
  })

  it.each([
    ['the name tokenizer.model.v1', { 'tokenizer.model.v1': v1Model }, 1],
    ['the name tokenizer.model.v3', { 'tokenizer.model.v3': v3Model }, 3],
    ['the pieces of version 3', { 'tokenizer.model': v3Model }, 3],
    ['params.json alone', { 'tokenizer.model': v1Model, 'params.json': '{}' }, 1],
  ])('is known by %s', async (_, files, version) => {
    const { chat } = await read(files)
    expect([...chat!.encode([{ role: 'user', content: 'Hello!' }])]).toEqual(
      find(version, version === 1 ? '<s>▁[INST]▁Hello!▁[/INST]' : '<s>[INST]▁Hello![/INST]'),
    )
    const withTool = () => chat!.encode(question, { tools: [tool] })
    if (version === 1) expect(withTool).toThrow(UnsupportedError)
    else expect(withTool()[1]).toBe(6)
  })

  it('is that of version 3 in a tekken.json of that version', async () => {
    const { chats } = JSON.parse(text('conformance/goldens/mistral/tekken-ids.json')) as Golden
    const { chat } = await read({ 'tekken.json': tekken })
    for (const { messages, tools, ids } of chats)
      expect([...chat!.encode(messages, tools ? { tools } : {})]).toEqual(ids)
  })

  it.each([
    [
      'a template',
      { 'tokenizer.model': v3Model, 'chat_template.jinja': '{{ raise_exception("no") }}' },
      /^chat template: no/,
    ],
    ['the format in code', { 'tokenizer.model': v3Model }, /^instruct format: /],
  ])('refuses messages without telling whoever wrote them where the model lies: %s', async (_, files, message) => {
    const { chat } = await read(files)
    expect(() => chat!.encode([{ role: 'assistant', content: 'a' }])).toThrow(message)
  })

  it('is refused by the name of its folder where it is broken', async () => {
    const broken = { 'tokenizer.model': v3Model, 'chat_template.jinja': '{% if %}' }
    await expect(read(broken)).rejects.toThrow(/^m: chat template: /)
  })

  it.each<[string, Parameters<typeof folder>[0], string]>([
    ['the name tokenizer.model.v7', { 'tokenizer.model.v7': v3Model }, 'v7'],
    ['the name tokenizer.model.v7m1', { 'tokenizer.model.v7m1': v3Model }, 'v7'],
    ['a piece of version 7', { 'tokenizer.model': withSystemPrompt(v3Model) }, 'v7'],
    ['the version of tekken.json', { 'tekken.json': tekken.replace('"version":"v3"', '"version":"v7"') }, 'v7'],
  ])('is not known after version 3, but text is: %s', async (_, files, version) => {
    const { tokenizer, chat } = await read(files)
    const message = `instruct format: ${version} is not supported, expected v1, v2, v3 or a chat template`
    expect(() => chat!.encode(question)).toThrow(new UnsupportedError(message))
    expect(() => chat!.render(question)).toThrow(new UnsupportedError(message))
    expect(tokenizer.decode(tokenizer.encode('Hello, world'))).toBe('Hello, world')
    const template = { ...files, 'chat_template.jinja': "{{ '<s>[INST]' + messages[0].content + '[/INST]' }}" }
    const { chat: jinja } = await read(template)
    expect(jinja!.encode([{ role: 'user', content: '[INST]' }]).filter((id) => id === 3)).toHaveLength(1)
  })

  it.each([
    ['a model whose pieces and folder say nothing', { 'tokenizer.model': v1Model }],
    ['both formats', { 'tokenizer.model': v1Model, 'params.json': '{}', 'config.json': '{}' }],
  ])('is not taken for %s', async (_, files) => {
    expect((await read(files)).chat).toBeNull()
  })
})

describe('files', () => {
  const json = bytes('models/smollm2-135m-instruct-fp8/tokenizer.json')

  it('takes tokenizer.json before tokenizer.model, and no format of Mistral with it', async () => {
    const { tokenizer, chat } = await read({ 'tokenizer.json': json, 'tokenizer.model': v3Model })
    expect([tokenizer.size, chat]).toEqual([49152, null])
  })

  it('takes tekken.json before tokenizer.model, that before those of a version, the latest of these first', async () => {
    const sizes: number[] = []
    for (const change of [
      {},
      { 'tekken.json': undefined },
      { 'tokenizer.model': undefined, 'tekken.json': undefined },
    ]) {
      const files = { 'tekken.json': tekken, 'tokenizer.model': v1Model, 'tokenizer.model.v3': v3Model, ...change }
      sizes.push((await read({ ...files, 'tokenizer.model.v1': v1Model })).tokenizer.size)
    }
    expect(sizes).toEqual([2564, 32000, 32768])
  })

  it('follows add_bos_token in tekken.json', async () => {
    const files = { 'tekken.json': tekken, 'tokenizer_config.json': '{"add_bos_token": false}' }
    expect((await read(files)).tokenizer.prefix).toEqual([])
    expect((await read({ 'tekken.json': tekken })).tokenizer.prefix).toEqual([1])
  })

  it('follows add_bos_token', async () => {
    const files = { 'tokenizer.model': v1Model, 'tokenizer_config.json': '{"add_bos_token": false}' }
    expect((await read(files)).tokenizer.prefix).toEqual([])
  })

  it('has nothing to say of a folder without a tokenizer', async () => {
    expect(await loadText(folder({ 'config.json': '{}' }))).toBeNull()
  })

  it.each<[string, Parameters<typeof folder>[0], object, object, RegExp]>([
    [
      'more pieces than the vocabulary',
      published,
      { vocabulary: 31999 },
      {},
      /^m\/tokenizer\.model: 32000 tokens, .*31999/,
    ],
    ['a begin token that is a word', published, { begin: 15359 }, {}, /^m\/tokenizer\.model: token 15359, /],
    ['an end token that is a byte', published, { end: [2, 13] }, {}, /^m\/tokenizer\.model: token 13, /],
    ['a template that is not there', published, {}, { template: 'rag' }, /"rag", found none/],
    [
      'settings that are no JSON',
      { ...published, 'tokenizer_config.json': '{' },
      {},
      {},
      /tokenizer_config\.json: not JSON/,
    ],
    ['a model cut short', { 'tokenizer.model': v1Model.subarray(0, 5000) }, {}, {}, /^m\/tokenizer\.model: /],
    ['a tekken.json that is none', { 'tekken.json': '{}' }, {}, {}, /^m\/tekken\.json: config: expected an object/],
    [
      'a Tekken vocabulary that is too large',
      { 'tekken.json': tekken },
      { vocabulary: 2563 },
      {},
      /^m\/tekken\.json: 2564 /,
    ],
    [
      'an end token that Tekken has as a word',
      { 'tekken.json': tekken },
      { end: [64] },
      {},
      /^m\/tekken\.json: token 64, /,
    ],
  ])('refuses %s', async (_, files, expected, options, message) => {
    await expect(loadText(folder(files), expected, options)).rejects.toThrow(InputError)
    await expect(loadText(folder(files), expected, options)).rejects.toThrow(message)
  })
})
