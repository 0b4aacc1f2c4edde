import { expect, test } from 'vitest'
import { guarded, isKnownHost, isLoopback } from './known-host.ts'

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

test('says why', async () => {
  const answer = guarded(async () => new Response('in'))
  const ask = (host: string) => answer(new Request('http://localhost', { headers: { host } }))
  expect(await (await ask('localhost:1')).text()).toBe('in')
  const refused = await ask('evil.example')
  expect(refused.status).toBe(403)
  expect(await refused.json()).toMatchObject({
    error: { code: 'host_not_allowed', message: expect.stringContaining('--api-key') as string },
  })
})
