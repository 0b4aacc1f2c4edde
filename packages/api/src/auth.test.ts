import { createHash } from 'node:crypto'
import { expect, test } from 'vitest'
import { authenticator } from './auth.ts'

const digest = (key: string) => createHash('sha256').update(key).digest('hex')

test('a client is known by the digest of its key', async () => {
  const who = authenticator(['sk-one', 'sk-two'])
  expect(await who('Bearer sk-one')).toBe(digest('sk-one'))
  expect(await who('bearer  sk-two ')).toBe(digest('sk-two'))
})

test.each([
  null,
  '',
  'Bearer',
  'Bearer ',
  'Bearer sk-on',
  'Bearer sk-onee',
  'Bearer SK-ONE',
  'Bearer sk-one,sk-two',
  'Bearer sk-one sk-one',
  'Basic sk-one',
  'sk-one',
  `Bearer ${digest('sk-one')}`,
  'Bearer \u200bsk-one',
])('%j is nobody', async (header) => {
  expect(await authenticator(['sk-one', 'sk-two'])(header)).toBeUndefined()
})

test('without keys everybody is the same', async () => {
  const who = authenticator([])
  expect([await who(null), await who('Bearer x')]).toEqual(['', ''])
})

test.each(['', ' ', 'a b', 'a\n', 'clé'])('%j is no key', (key) => {
  expect(() => authenticator(['sk-one', key])).toThrow('API key 2 of 2: expected printable ASCII')
})
