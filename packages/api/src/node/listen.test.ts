import { createServer } from 'node:net'
import { InputError } from '@tramontane/core'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { echo, errorBody, get, listening, sleep } from './listen.fixture.ts'
import { listen } from './listen.ts'

const shape = (type: string, code: string | null = null) => ({
  error: { message: expect.any(String), type, param: null, code },
})

describe('requests', () => {
  test('a handler sees method, path, query, headers and body; the host is never believed', () =>
    listening({ handler: echo }, async ({ url }) => {
      const reply = await fetch(`${url}/a/../b?c=%2Fd`, {
        method: 'POST',
        body: 'hällo',
        headers: { host: 'evil.example', 'x-type': 'y' },
      })
      expect(await reply.json()).toEqual({ method: 'POST', url: 'http://localhost/b?c=%2Fd', type: 'y', body: 'hällo' })
    }))

  test.each([
    ['http://evil.example/v1/models?x=1', 'http://localhost/v1/models?x=1'],
    ['//evil.example/v1', 'http://localhost//evil.example/v1'],
    ['*', 'http://localhost/*'],
  ])('address %s', (address, expected) =>
    listening({ handler: echo }, async (_, client) => {
      const one = client()
      one.send(`OPTIONS ${address} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`)
      expect(await one.until(/"url":"[^"]*"/)).toContain(`"url":"${expected}"`)
    }),
  )

  test('split at any bytes, sent in a chunked body, or one behind the other: the same answer', () =>
    listening({ handler: echo }, async (_, client) => {
      const chunked =
        'POST /a HTTP/1.1\r\nHost: x\r\nX-Type: y\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n'
      const plain = 'POST /a HTTP/1.1\r\nHost: x\r\nX-Type: y\r\nContent-Length: 5\r\n\r\nabcde'
      const bytes = Buffer.from(chunked + plain)
      const cuts = fc.array(fc.integer({ min: 1, max: bytes.length - 1 }), { maxLength: 8 })
      const property = fc.asyncProperty(cuts, async (at) => {
        const one = client()
        const places = [0, ...at.toSorted((a, b) => a - b), bytes.length]
        for (let i = 1; i < places.length; i++) {
          one.send(bytes.subarray(places[i - 1], places[i]))
          await sleep(1)
        }
        const received = await one.until(/("body":"abcde"[^]*){2}/)
        expect(received.match(/"type":"y"/g)).toHaveLength(2)
        one.socket.destroy()
      })
      await fc.assert(property, { seed: 5, numRuns: 25 })
    }))

  test('a HEAD has no body, a TRACE and a request without a host are refused', () =>
    listening({ handler: echo }, async (_, client) => {
      const head = client()
      head.send(`HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
      await head.closed
      expect(head.received).toMatch(/^HTTP\/1.1 200 OK\r\n[^]*\r\n\r\n$/)
      const trace = client()
      trace.send(`TRACE / HTTP/1.1\r\nHost: x\r\n\r\n`)
      await trace.closed
      expect(trace.received).toMatch(/^HTTP\/1.1 405 [^]*allow: GET, HEAD, POST, OPTIONS/)
      const hostless = client()
      hostless.send('GET / HTTP/1.1\r\n\r\n')
      await hostless.closed
      expect(hostless.received).toMatch(/^HTTP\/1.1 400 /)
      expect(errorBody(hostless.received)).toEqual(shape('invalid_request_error'))
    }))

  test('a handler that throws is a 500 that tells nothing, and the next request is answered', () => {
    const errors: unknown[] = []
    const handler = async () => {
      if (errors.length === 0) throw new Error('secret')
      return new Response('fine')
    }
    return listening({ handler, failed: (error) => errors.push(error) }, async ({ url }) => {
      const reply = await fetch(url)
      expect(reply.status).toBe(500)
      const text = await reply.text()
      expect(JSON.parse(text)).toEqual(shape('server_error', 'internal_error'))
      expect(text).not.toContain('secret')
      expect(errors).toEqual([new Error('secret')])
      expect(await (await fetch(url)).text()).toBe('fine')
    })
  })

  test('a refused body that goes on does not keep the answer from the client, nor the connection for long', () =>
    listening({ handler: async () => new Response('no', { status: 413 }) }, async (_, client) => {
      const one = client()
      const start = performance.now()
      one.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999\r\n\r\n')
      const more = setInterval(() => one.socket.destroyed || one.send('x'.repeat(10_000)), 5)
      await one.until(/413/)
      await one.closed
      clearInterval(more)
      expect(performance.now() - start).toBeLessThan(2000)
    }))

  test('a body of which half was read and that then arrives leaves the connection usable', () => {
    const handler = async ({ body }: Request) => {
      if (body !== null) await (body as ReadableStream<Uint8Array>).getReader().read()
      return new Response('seen')
    }
    return listening({ handler }, async (_, client) => {
      const one = client()
      one.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n' + 'x'.repeat(100_000))
      await one.until(/seen/)
      one.send('x'.repeat(100_000) + get('/'))
      await one.until(/seen[^]*seen/)
    })
  })
})

describe('where it cannot listen', () => {
  test('a port in use, and an address that is not here, are errors that name the remedy', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    const { port } = taken.address() as { port: number }
    await expect(listen({ handler: echo, port })).rejects.toThrow(
      /port \d+: another program does; choose another --port/,
    )
    await expect(listen({ handler: echo, port })).rejects.toBeInstanceOf(InputError)
    await expect(listen({ handler: echo, host: '203.0.113.1', port: 0 })).rejects.toThrow('choose another --host')
    taken.close()
  })

  test('the url is one that works, over IPv6 too', async () => {
    const server = await listen({ handler: echo, host: '::1', port: 0 })
    expect(server.url).toMatch(/^http:\/\/\[::1\]:\d+$/)
    expect((await fetch(server.url)).status).toBe(200)
    await server.drain(0)
  })
})
