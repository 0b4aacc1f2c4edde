import { expect, test } from 'vitest'
import { isKnownHost, isLoopback, strangers } from './known-host.ts'

test('addresses that no other machine reaches', () => {
  expect(['127.0.0.1', '127.1.2.3', '::1', 'localhost'].filter((host) => !isLoopback(host))).toEqual([])
  expect(['0.0.0.0', '::', '10.0.0.1', '127.evil.example', 'localhost.evil.example'].filter(isLoopback)).toEqual([])
})

test.each([
  'localhost',
  'LOCALHOST:8000',
  '127.0.0.1:8000',
  '[::1]:8000',
  '192.168.1.2',
  'a.localhost',
  'host.docker.internal:80',
])('answers to %s', (host) => expect(isKnownHost(host)).toBe(true))

test.each([
  null,
  '',
  'evil.example',
  'evil.example:8000',
  'localhost.evil.example',
  '127.0.0.1.evil.example',
  '[::1].evil',
  'x:y:1',
])('does not answer to %s', (host) => expect(isKnownHost(host)).toBe(false))

test('says why', () => {
  const ask = (host: string) => strangers(new Request('http://localhost', { headers: { host } }))
  expect(ask('localhost:1')).toBeUndefined()
  const refused = ask('evil.example')!
  expect(refused.status).toBe(403)
  expect(refused.body()).toMatchObject({
    error: { code: 'host_not_allowed', message: expect.stringContaining('--api-key') as string },
  })
})
