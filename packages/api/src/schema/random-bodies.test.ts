import fc from 'fast-check'
import { expect, test } from 'vitest'
import { ApiError } from '../errors.ts'
import { parameters } from './parameters.ts'
import { parseChat, parseCompletion, parseDetokenize, parseJson, parseTokenize } from './parse.ts'
import { least, limits, refusal } from './requests.fixture.ts'

const parsers = [parseChat, parseCompletion, parseTokenize, parseDetokenize]

/** Milliseconds; far above what any body takes, far below what a body made to take long would. */
const soon = 3000

function answered(bytes: Uint8Array): void {
  for (const parse of parsers) {
    const started = performance.now()
    try {
      parse(parseJson(bytes), limits)
    } catch (error) {
      expect(error).toBeInstanceOf(ApiError)
      expect((error as ApiError).status).toBe(400)
      expect((error as ApiError).message.length).toBeLessThan(500)
    }
    expect(performance.now() - started).toBeLessThan(soon)
  }
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)

test('48: random JSON is taken or refused with 400, whatever it says', () => {
  fc.assert(
    fc.property(fc.json({ maxDepth: 6 }), (text) => answered(bytes(text))),
    { seed: 1, numRuns: 500 },
  )
})

test('48: so is a request with random values in its fields', () => {
  const names = [...new Set(parameters.map(({ name }) => name.split(/[.[]/)[0]!)), 'tokens', '__proto__', 'constructor']
  const body = fc.dictionary(fc.constantFrom(...names), fc.jsonValue({ maxDepth: 4 }), { maxKeys: 4 })
  const base = fc.constantFrom(least.chat, least.completions, {})
  const run = (base: object, fields: object) => answered(bytes(JSON.stringify({ ...base, ...fields })))
  fc.assert(fc.property(base, body, run), { seed: 1, numRuns: 1000 })
})

test('48: so are bytes, and JSON that was cut, doubled or changed in one place', () => {
  const text = JSON.stringify({ ...least.chat, stop: ['é', '\\"'], logit_bias: { 5: -1.5e1 }, stream: true, seed: 7 })
  const whole = bytes(text)
  fc.assert(fc.property(fc.uint8Array({ maxLength: 64 }), answered), { seed: 1, numRuns: 500 })
  for (let at = 0; at < whole.length; at++) answered(whole.subarray(0, at))
  const place = fc.nat(whole.length - 1)
  const change = (at: number, byte: number) => answered(Uint8Array.from(whole, (old, i) => (i === at ? byte : old)))
  fc.assert(fc.property(place, fc.nat(255), change), { seed: 1, numRuns: 1000 })
})

test('numbers that JSON writes and no field means', () => {
  const numbers = ['1e999', '-1e999', '1e-999', '-0', '9007199254740993', '18446744073709551615', '0.1e1', '1E400']
  for (const number of numbers) {
    for (const name of ['temperature', 'n', 'seed', 'max_tokens', 'top_logprobs', 'presence_penalty']) {
      answered(bytes(`{"model":"m","prompt":"x","messages":[{"role":"user","content":"x"}],"${name}":${number}}`))
    }
  }
  const request = (fields: string) => parseCompletion(parseJson(bytes(`{"model":"m","prompt":"x",${fields}}`)), limits)
  // Neither rounded nor taken.
  expect(refusal(() => request('"seed":9007199254740993')).param).toBe('seed')
  expect(refusal(() => request('"seed":9223372036854775807')).param).toBe('seed')
  expect(refusal(() => request('"temperature":1e999')).message).toContain('expected a finite number')
  expect(request('"n":0.2e1,"temperature":1e-999')).toMatchObject({ n: 2, sampling: { temperature: 0 } })
})

test('bodies of 2 MiB that are made to take long are refused soon', () => {
  const zeros = (count: number) => new Uint8Array(count).join()
  const repeated = (item: string, size = 2 ** 21) =>
    Array(Math.floor(size / (item.length + 1)))
      .fill(item)
      .join()
  const keys = (value: string, length = 1.5e5) => Array.from({ length }, (_, i) => `"k${i}":${value}`).join()
  const messages = [
    zeros(5e5),
    repeated('{}'),
    Array(8)
      .fill(`{"role":"user","content":[${repeated('{}', 1e5)}]}`)
      .join(),
    `{"role":"user","content":[${zeros(5e5)}]}`,
    `{"role":"user","content":"x",${keys('1')}}`,
    `{"role":"${'x'.repeat(2e6)}","content":"x"}`,
  ].map((list) => `"messages":[${list}]`)
  const fields = [
    `"prompt":[${zeros(5e5)}]`,
    `"prompt":[${Array(4)
      .fill(`[${repeated('"a"', 5e5)}]`)
      .join()}]`,
    `"prompt":"${'\\u0000'.repeat(3e5)}"`,
    `"tokens":[${repeated('-1')}]`,
    `"stop":[${repeated('""')}]`,
    `"stop":[[${zeros(5e5)}]]`,
    `"stop_token_ids":[${repeated('-1')}]`,
    `"logit_bias":{${keys('1')}}`,
    `"logit_bias":{${keys('1', 8000)}}`,
    `"metadata":{${keys('{}')}}`,
    `"documents":[${repeated('{}')}]`,
    `"modalities":[${repeated('"audio"')}]`,
    keys('null'),
    `"a":${'['.repeat(1e6)}${']'.repeat(1e6)}`,
    `"a":"${'\\\\'.repeat(1e6)}"`,
  ]
  for (const body of [...messages, ...fields]) answered(bytes(`{"model":"m",${body}}`))
  answered(bytes('['.repeat(2e6)))
  answered(bytes('"'.repeat(2e6)))
  answered(bytes('\\'.repeat(2e6)))
  answered(bytes('9'.repeat(2e6)))
})
