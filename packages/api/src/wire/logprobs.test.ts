import { expect, it } from 'vitest'
import { tokenName } from './logprobs.ts'

it.each([
  [[0x20, 0xc3, 0xa9], ' é'],
  [[], ''],
  // A byte order mark is a character like any other.
  [[0xef, 0xbb, 0xbf, 0x61], '\ufeffa'],
  // OpenAI's spelling; 漢 begins with these two bytes.
  [[0xe6, 0xbc], 'bytes:\\xe6\\xbc'],
  [[0x61, 0x0a, 0xff], 'bytes:\\x61\\x0a\\xff'],
  [[0x61], 'a'],
])('the token of %j is called %j', (bytes, name) => {
  expect(tokenName({ token: 0, bytes: Uint8Array.from(bytes) })).toBe(name)
})

it('calls a control token by its name in templates', () => {
  expect(tokenName({ token: 2, bytes: new Uint8Array(0), control: '</s>' })).toBe('</s>')
})
