import { describe, expect, test } from 'vitest'
import { atRest, echo, endless, errorBody, eventually, get, listening, post, sleep, waiting } from './listen.fixture.ts'

const shape = (type: string, code: string | null = null) => ({
  error: { message: expect.any(String), type, param: null, code },
})

describe('clients that leave', () => {
  test.each(['destroy', 'end', 'resetAndDestroy'] as const)(
    '%s aborts a plain reply that is being waited for',
    (how) => {
      const { seen, handler } = waiting()
      return listening({ handler }, async (_, client) => {
        const one = client()
        one.send(post('/', '{}'))
        await eventually(() => seen.asked === 1)
        one.socket[how]()
        await eventually(() => seen.aborted.length === 1, 1000)
        expect(seen.aborted[0]).toMatchObject({ name: 'AbortError' })
      })
    },
  )

  test.each(['destroy', 'end', 'resetAndDestroy'] as const)('%s aborts and cancels a stream', (how) => {
    const { seen, handler } = endless(100, 1)
    return listening({ handler }, async (_, client) => {
      const one = client()
      one.send(post('/', '{}'))
      await one.until(/xxx/)
      one.socket[how]()
      await eventually(() => seen.cancelled === 1 && seen.aborted === 1, 1000)
      const { lines } = seen
      await sleep(50)
      expect(seen.lines).toBeLessThanOrEqual(lines + 1)
    })
  })

  test('a stream that waits behind another on the same connection ends too', () => {
    const { seen, handler } = endless(20_000, 1)
    return listening({ handler }, async (_, client) => {
      const one = client()
      one.send(get('/') + get('/'))
      await one.until(/xxx/)
      one.socket.destroy()
      await eventually(() => seen.cancelled === 2 && seen.aborted === 2, 1000)
    })
  })

  test('a reply that was given whole aborts nothing', () => {
    let aborted = 0
    const handler = async ({ signal }: Request) => {
      signal.addEventListener('abort', () => aborted++)
      return new Response('whole')
    }
    return listening({ handler }, async (_, client) => {
      const one = client()
      one.send(get('/'))
      await one.until(/whole/)
      one.socket.destroy()
      await sleep(50)
      expect(aborted).toBe(0)
    })
  })

  test('while a body is still being sent, the handler is told', () => {
    const seen = { failed: 0 }
    const handler = async (request: Request) => {
      await request.text().catch(() => seen.failed++)
      return new Response('')
    }
    return listening({ handler }, async (_, client) => {
      const one = client()
      one.send('POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\nabc')
      await sleep(30)
      one.socket.destroy()
      await eventually(() => seen.failed === 1, 1000)
    })
  })
})

describe('clients that do not read', () => {
  test('are asked for nothing more once the buffers are full, and are disconnected after a while', () => {
    const { seen, handler } = endless(100_000)
    return listening({ handler, stall: 1500 }, async (_, client) => {
      const one = client()
      one.socket.pause()
      one.send(get('/'))
      const lines = await atRest(() => seen.lines)
      expect(seen.cancelled).toBe(0)
      // What the kernel's buffers of both ends hold.
      expect(lines * 100_000).toBeLessThan(30e6)
      await eventually(() => seen.cancelled === 1 && seen.aborted === 1)
    })
  })

  test('and say that they will send nothing more have left: nobody waits for them', () => {
    const { seen, handler } = endless(100_000)
    return listening({ handler, stall: 60_000 }, async (_, client) => {
      const one = client()
      one.socket.pause()
      one.send(get('/'))
      await atRest(() => seen.lines)
      one.socket.end()
      await eventually(() => seen.cancelled === 1 && seen.aborted === 1, 2000)
    })
  })

  test('and read again go on where they were', () => {
    const { seen, handler } = endless(10_000)
    return listening({ handler }, async (_, client) => {
      const one = client()
      one.socket.pause()
      one.send(get('/'))
      const lines = await atRest(() => seen.lines)
      one.socket.resume()
      await eventually(() => seen.lines > 2 * lines)
      expect(seen.cancelled).toBe(0)
    })
  })
})

describe('drain', () => {
  test('lets a reply end, refuses new connections and further requests, closes idle ones at once', async () => {
    let answer: (response: Response) => void = () => {}
    const handler = () => new Promise<Response>((resolve) => (answer = resolve))
    await listening(
      { handler: (request) => (request.url.endsWith('/now') ? echo(request) : handler()) },
      async (server, client) => {
        const [running, idle, silent] = [client(), client(), client()]
        running.send(get('/slow'))
        idle.send(get('/now'))
        await idle.until(/200/)
        const drained = server.drain(10_000)
        await Promise.all([idle.closed, silent.closed])
        running.send(get('/now'))
        await expect(fetch(server.url)).rejects.toThrow()
        await sleep(30)
        answer(new Response('at last'))
        await Promise.all([drained, running.closed])
        expect(running.received).toMatch(/^HTTP\/1.1 200 [^]*connection: close\r\n[^]*at last/i)
      },
    )
  })

  /** A stream that a test ends. */
  function stoppable() {
    const { handler } = endless(10, 1)
    const stream = { stop: () => {} }
    const ending = async (request: Request) => {
      const { body } = await handler(request)
      const ended = new TransformStream<Uint8Array, Uint8Array>({
        start: (controller) => void (stream.stop = () => controller.terminate()),
      })
      return new Response((body as ReadableStream<Uint8Array>).pipeThrough(ended))
    }
    return { stream, handler: ending }
  }

  test('a request on a connection whose stream goes on gets 503 after it', () => {
    const { stream, handler } = stoppable()
    return listening({ handler }, async (server, client) => {
      const one = client()
      one.send(get('/'))
      await one.until(/xxx/)
      const drained = server.drain(1e12) // Longer than any timer.
      one.send(get('/again'))
      await sleep(30)
      stream.stop()
      await Promise.all([drained, one.closed])
      const refused = one.received.slice(one.received.indexOf('HTTP/1.1 503'))
      expect(refused).toMatch(/^HTTP\/1.1 503 [^]*connection: close/i)
      expect(errorBody(refused)).toEqual(shape('server_error', 'draining'))
    })
  })

  test('a connection that was to be kept is closed as soon as its stream has ended', () => {
    const { stream, handler } = stoppable()
    return listening({ handler, keepAlive: 60_000 }, async (server, client) => {
      const one = client()
      one.send(get('/'))
      await one.until(/xxx/)
      const drained = server.drain(10_000)
      stream.stop()
      const started = performance.now()
      await drained
      expect(performance.now() - started).toBeLessThan(2000)
    })
  })

  test('aborts what does not end in time, which can still say so; what says nothing is cut', async () => {
    const handler = async ({ signal, url }: Request) =>
      new Response(
        new ReadableStream<Uint8Array>({
          start(controller) {
            controller.enqueue(new TextEncoder().encode('begun\n'))
            signal.addEventListener('abort', () => {
              if (url.endsWith('/deaf')) return
              controller.enqueue(new TextEncoder().encode(`ended: ${(signal.reason as Error).message}\n`))
              controller.close()
            })
          },
        }),
      )
    await listening({ handler }, async (server, client) => {
      const [one, deaf] = [client(), client()]
      one.send(get('/'))
      deaf.send(get('/deaf'))
      await Promise.all([one.until(/begun/), deaf.until(/begun/)])
      const start = performance.now()
      await server.drain(100)
      expect(performance.now() - start).toBeLessThan(2000)
      await Promise.all([one.closed, deaf.closed])
      expect(one.received).toMatch(/ended: the server is shutting down, try again later\n[^]*\r\n0\r\n\r\n$/)
      expect(deaf.received).not.toMatch(/\r\n0\r\n\r\n$/)
    })
  })
})
