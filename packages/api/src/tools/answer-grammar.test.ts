import { readFileSync } from 'node:fs'
import { sentencePiece, tokenizer, type Tokenizer } from '@tramontane/core'
import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compile } from '../grammar/compile.ts'
import { Constraint, isAllowed } from '../grammar/constraint.ts'
import { jsonGrammar } from '../grammar/json.ts'
import { TokenMasks } from '../grammar/mask.ts'
import { Pushdown } from '../grammar/pushdown.ts'
import { read } from '../grammar/run.fixture.ts'
import { tokenTrie } from '../grammar/token-trie.ts'
import { answerGrammar } from './answer-grammar.ts'
import { argumentsGrammar } from './arguments-grammar.ts'
import { callByte, callToken, type Syntax } from './syntax.ts'
import type { ToolChoice, ToolUse } from './tool.ts'

const city = {
  type: 'object',
  properties: { city: { type: 'string' } },
  required: ['city'],
  additionalProperties: false,
}
const tools = [{ name: 'weather', parameters: city }, { name: 'now' }]
const syntaxes: readonly Syntax[] = [{ kind: 'native', token: 5 }, { kind: 'prompted' }]

function answers(choice: ToolChoice, syntax: Syntax, { parallel = true, json = false } = {}): Pushdown {
  const use: ToolUse = { tools, choice, parallel }
  const format = json ? jsonGrammar() : null
  return new Pushdown(compile(answerGrammar({ use, syntax, format, argumentsOf: argumentsGrammar })))
}

const weather = '{"name": "weather", "arguments": {"city": "Löwen }]\\""}}'
const now = '{"name":"now","arguments":{}}'

describe.each(syntaxes)('answers, $kind', (syntax) => {
  const isNative = syntax.kind === 'native'
  const calls = (...list: string[]): Uint8Array => {
    const text = `[${list.join(', ')}]`
    return isNative
      ? Buffer.concat([Uint8Array.of(callByte), Buffer.from(` ${text}`)])
      : Buffer.from(`<tool_call>${text}</tool_call>`)
  }
  const isAnswer = (automaton: Pushdown, ...parts: (string | Uint8Array)[]): boolean =>
    read(automaton, Buffer.concat(parts.map((part) => Buffer.from(part))))?.accepting ?? false

  it('auto: a text or calls', () => {
    const auto = answers('auto', syntax)
    for (const text of ['', 'Hello', '<tool', '[]', weather]) expect(isAnswer(auto, text)).toBe(true)
    expect(isAnswer(auto, calls(weather, now))).toBe(true)
    expect(isAnswer(auto, 'One moment: <tool_', calls(now))).toBe(!isNative)
    for (const wrong of [
      calls(),
      calls('{"name":"other","arguments":{}}'),
      calls('{"name":"now","arguments":{"a":1}}'),
    ]) {
      expect(isAnswer(auto, wrong)).toBe(false)
    }
    expect(isAnswer(auto, calls(now), '!')).toBe(false)
  })

  it('required: one call or more', () => {
    const required = answers('required', syntax)
    for (const text of ['', 'Hello', calls()]) expect(isAnswer(required, text)).toBe(false)
    for (const list of [[now], [weather], [now, weather, now]]) expect(isAnswer(required, calls(...list))).toBe(true)
    const nothing = calls('{"name": "weather", "arguments": {}}')
    expect(isAnswer(required, nothing)).toBe(false)
  })

  it('without parallel calls, or of a tool by name: one call', () => {
    const [single, named] = [answers('required', syntax, { parallel: false }), answers({ name: 'weather' }, syntax)]
    expect([now, weather].map((call) => isAnswer(single, calls(call)))).toEqual([true, true])
    expect([now, weather].map((call) => isAnswer(named, calls(call)))).toEqual([false, true])
    for (const automaton of [single, named]) expect(isAnswer(automaton, calls(weather, weather))).toBe(false)
  })

  it('none: a text alone', () => {
    const none = answers('none', syntax)
    expect(isAnswer(none, 'Hello')).toBe(true)
    expect(isAnswer(none, calls(now))).toBe(false)
  })

  it('with a format: that, or calls', () => {
    const auto = answers('auto', syntax, { json: true })
    for (const answer of ['{"a": [1]}', '"<tool_call>"', calls(now)]) expect(isAnswer(auto, answer)).toBe(true)
    for (const answer of ['Hello', '', Buffer.concat([Buffer.from('{}'), calls(now)])]) {
      expect(isAnswer(auto, answer)).toBe(false)
    }
  })
})

const models = new URL('../../../../models/', import.meta.url)
const vocabularies: [string, Tokenizer][] = [
  ['SmolLM2', tokenizer(readFileSync(new URL('smollm2-135m-instruct-fp8/tokenizer.json', models), 'utf8'))],
  ['Mistral v0.2', sentencePiece(readFileSync(new URL('mistral-7b-instruct-v0.2/tokenizer.model', models)))],
  ['Mistral v0.3', sentencePiece(readFileSync(new URL('mistral-7b-instruct-v0.3/tokenizer.model', models)))],
]

describe.each(vocabularies)('over the vocabulary of %s', (name, vocabulary) => {
  const trie = tokenTrie(vocabulary, { control: new Map([[callToken, callByte]]) })
  const masks = new TokenMasks(trie, [2])
  const token = vocabulary.control.get(callToken)
  const validate = new Ajv2020().compile(city)

  it('nothing but the control token is written as one', () => {
    const found = Array.from({ length: vocabulary.size }, (_, id) => id).filter((id) =>
      trie.bytes(id).includes(callByte),
    )
    expect(found).toEqual(name === 'Mistral v0.3' ? [5] : [])
    expect(token).toBe(name === 'Mistral v0.3' ? 5 : undefined)
  })

  it('whatever is drawn is calls whose arguments are valid', () => {
    const syntax: Syntax = token === undefined ? { kind: 'prompted' } : { kind: 'native', token }
    const use: ToolUse = { tools, choice: 'required', parallel: true }
    const grammar = answerGrammar({ use, syntax, format: null, argumentsOf: argumentsGrammar })
    const automaton = new Pushdown(compile(grammar, masks.trie.single))
    const { stripsLeadingSpace } = vocabulary
    const isClosing = (byte: number): boolean => '"}]'.includes(String.fromCharCode(byte))
    const closing = new Set(Array.from(trie.ids).filter((id) => trie.bytes(id).some(isClosing)))
    let whole = 0
    const run = (picks: readonly number[]): void => {
      const constraint = new Constraint({ automaton, masks, stripsLeadingSpace })
      const bytes: number[] = []
      for (const pick of picks) {
        if (constraint.isOver) break
        const allowed = allowedIn(constraint.mask())
        // What ends strings and more comes often, so that most texts come to an end.
        const ends = allowed.filter((id) => closing.has(id))
        const from = pick % 2 === 0 && ends.length > 0 ? ends : allowed
        const id = from[pick % from.length]!
        constraint.accept(id)
        bytes.push(...vocabulary.bytes(id))
      }
      if (!constraint.isOver) return
      whole++
      const text = Buffer.from(bytes)
        .toString()
        .replace(/^\s*(<tool_call>)?/, '')
        .replace('</tool_call>', '')
      for (const { name, arguments: given } of JSON.parse(text) as { name: string; arguments: object }[]) {
        expect(name === 'now' ? given : {}).toEqual({})
        if (name === 'weather') expect(validate(given), JSON.stringify(given)).toBe(true)
      }
    }
    fc.assert(fc.property(fc.array(fc.nat(), { minLength: 60, maxLength: 60 }), run), { seed: 1, numRuns: 12 })
    expect(whole).toBeGreaterThanOrEqual(5)
  })
})

function allowedIn(mask: Uint32Array): number[] {
  const ids: number[] = []
  for (let id = 0; id < mask.length * 32; id++) if (isAllowed(mask, id)) ids.push(id)
  return ids
}
