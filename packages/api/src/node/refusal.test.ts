import { connect } from 'node:net'
import { describe, expect, test } from 'vitest'
import { echo, errorBody, get, listening, sleep } from './listen.fixture.ts'

const shape = (type: string) => ({ error: { message: expect.any(String), type, param: null, code: null } })

describe('bytes that are no request', () => {
  test.each([
    ['garbage', 'hello\r\n\r\n', 400, 'invalid_request_error'],
    ['TLS', Buffer.from([0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3, 13, 10]), 400, 'invalid_request_error'],
    [
      'two lengths',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n',
      400,
      'invalid_request_error',
    ],
    [
      'a length and chunks',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
      'invalid_request_error',
    ],
    [
      'broken chunks',
      'POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n',
      400,
      'invalid_request_error',
    ],
    ['two hosts', 'GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n', 400, 'invalid_request_error'],
    ['no host', 'GET / HTTP/1.1\r\n\r\n', 400, 'invalid_request_error'],
    [
      'an expectation',
      'POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\nExpect: tea\r\n\r\n',
      417,
      'invalid_request_error',
    ],
    ['a control character', 'GET / HTTP/1.1\r\nHost: x\r\nA: \x01\r\n\r\n', 400, 'invalid_request_error'],
    ['long headers', `GET / HTTP/1.1\r\nHost: x\r\nA: ${'a'.repeat(20_000)}\r\n\r\n`, 431, 'invalid_request_error'],
    ['a long address', `GET /${'a'.repeat(20_000)} HTTP/1.1\r\nHost: x\r\n\r\n`, 431, 'invalid_request_error'],
  ])('%s', (_, bytes, status, type) =>
    listening({ handler: echo }, async (__, client) => {
      const one = client()
      one.send(bytes)
      await one.closed
      expect(one.received).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
      expect(errorBody(one.received)).toEqual(shape(type))
    }),
  )

  test('a client that has its refusal and does not hang up is hung up on', () =>
    listening({ handler: echo }, async ({ url }) => {
      const socket = connect({ port: Number(new URL(url).port), host: '127.0.0.1', allowHalfOpen: true })
      const refused = new Promise<string>((resolve) => socket.once('data', (bytes) => resolve(bytes.toString())))
      const closed = new Promise((resolve) => socket.once('close', resolve))
      socket.on('error', () => {})
      socket.write('hello\r\n\r\n')
      expect(await refused).toMatch(/^HTTP\/1.1 400 /)
      const more = setInterval(() => socket.write('more'), 20)
      await closed
      clearInterval(more)
    }))

  test('headers as long as allowed pass, one more byte does not', () =>
    listening({ handler: echo, maxHeader: 1000 }, async ({ url }) => {
      const status = async (length: number) => (await fetch(url, { headers: { a: 'a'.repeat(length) } })).status
      expect(await status(500)).toBe(200)
      expect(await status(1000)).toBe(431)
    }))

  test('behind a request that is still being answered: first its answer, then the refusal', () => {
    let answer: (response: Response) => void = () => {}
    const handler = () => new Promise<Response>((resolve) => (answer = resolve))
    return listening({ handler }, async (_, client) => {
      const one = client()
      one.send(`${get('/')}NONSENSE\r\n\r\n`)
      await sleep(50)
      expect(one.received).toBe('')
      answer(new Response('the answer'))
      await one.closed
      expect(one.received).toMatch(/^HTTP\/1.1 200 [^]*the answer[^]*HTTP\/1.1 400 /)
    })
  })

  test('a header, and a body, that do not arrive in time are 408', () =>
    listening({ handler: echo, headersTimeout: 200, requestTimeout: 400 }, async (_, client) => {
      const [slow, half] = [client(), client()]
      slow.send('GET / HTTP/1.1\r\nHost: x\r\n')
      half.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc')
      const drip = setInterval(() => slow.socket.destroyed || slow.send('A: b\r\n'), 20)
      await Promise.all([slow.closed, half.closed])
      clearInterval(drip)
      for (const { received } of [slow, half]) expect(received).toMatch(/^HTTP\/1.1 408 /)
    }))

  test('more connections than allowed are hung up on; one that leaves makes room', () =>
    listening({ handler: echo, connections: 2 }, async ({ url }, client) => {
      const [a, b] = [client(), client()]
      for (const one of [a, b]) {
        one.send(get('/'))
        await one.until(/200/)
      }
      await client().closed
      a.socket.destroy()
      await sleep(50)
      expect((await fetch(url)).status).toBe(200)
    }))
})
