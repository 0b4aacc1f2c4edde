import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { textLimit } from './byte-source.ts'
import { InputError } from './errors.ts'
import { fetchFolder, fetchSource } from './fetch-source.ts'

const file = Uint8Array.from({ length: 1000 }, (_, i) => i % 251)
const requests: string[] = []

/** A server that honours ranges, and one path for each way not to. The size probe is always answered well. */
function answer(request: IncomingMessage, response: ServerResponse): void {
  const { url, headers } = request
  requests.push(`${request.method} ${url} ${headers.range ?? '-'} ${headers['x-key'] ?? '-'}`)
  const match = /^bytes=(\d+)-(\d+)$/.exec(headers.range ?? '')
  const [from, to] = match === null ? [0, file.length - 1] : [Number(match[1]), Number(match[2])]
  const part = file.subarray(from, to + 1)
  const range = { 'content-range': `bytes ${from}-${to}/${file.length}` }
  const good = () => response.writeHead(206, { ...range, 'content-length': part.length }).end(part)
  if (headers.range === 'bytes=0-0' && !url!.startsWith('/probe-')) return void good()
  const otherwise: Record<string, () => void> = {
    '/probe-200': () => response.writeHead(200, { 'content-length': 2 ** 40 }).write(file),
    '/probe-404': () => response.writeHead(404).end('no'),
    '/probe-500': () => response.writeHead(500).end('no'),
    '/probe-bare': () => response.writeHead(206).end(part),
    '/probe-star': () => response.writeHead(206, { 'content-range': 'bytes 0-0/*' }).end(part),
    '/probe-long': () => response.writeHead(206, { 'content-range': 'bytes 0-0/9007199254740993' }).end(part),
    '/probe-empty': () => response.writeHead(416, { 'content-range': 'bytes */0' }).end(),
    '/probe-416': () => response.writeHead(416, { 'content-range': 'bytes */9' }).end(),
    '/probe-closed': () => request.socket.destroy(),
    '/probe-silent': () => {},
    '/whole': () => response.writeHead(200).end(file),
    '/other-range': () => response.writeHead(206, { 'content-range': `bytes 0-3/${file.length}` }).end(part),
    '/other-size': () => response.writeHead(206, { 'content-range': `bytes ${from}-${to}/999` }).end(part),
    '/no-range': () => response.writeHead(206).end(part),
    '/short': () => response.writeHead(206, range).end(part.subarray(1)),
    '/long': () => response.writeHead(206, range).end(file),
    '/cut': () => {
      response.writeHead(206, { ...range, 'content-length': part.length }).write(part.subarray(1))
      setTimeout(() => request.socket.destroy(), 20)
    },
    '/stalled': () => response.writeHead(206, range).write(part.subarray(1)),
    '/slow': () => {
      response.writeHead(206, range)
      part.forEach((byte, i) => setTimeout(() => response.write(Uint8Array.of(byte)), 60 * (i + 1)))
      setTimeout(() => response.end(), 60 * (part.length + 1))
    },
    '/missing': () => response.writeHead(404).end(),
    '/denied': () => response.writeHead(403).end(),
    '/moved': () => response.writeHead(302, { location: '/good' }).end(),
    '/a%20b%25.txt': () => response.end('déjà'),
    '/latin1.txt': () => response.end(Uint8Array.of(0xe9)),
    '/endless.txt': () => {
      const block = new Uint8Array(2 ** 20)
      const more = () => {
        if (!response.destroyed && response.write(block)) setImmediate(more)
      }
      response.on('drain', more)
      more()
    },
  }
  ;(otherwise[url!] ?? good)()
}

const server = createServer(answer)
let base = ''
beforeAll(async () => {
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

describe('fetchSource', () => {
  test('takes the size from one range request and makes one for each read', async () => {
    requests.length = 0
    const source = await fetchSource(`${base}/good`, { headers: { 'x-key': 'k' } })
    expect(source).toMatchObject({ name: `${base}/good`, size: 1000 })
    const part = await source.read(700, 300)
    expect(part).toEqual(file.slice(700))
    expect([part.byteOffset, part.buffer.byteLength]).toEqual([0, 300])
    expect((await source.read(1000, 0)).length).toBe(0)
    await source.close()
    expect(requests).toEqual(['GET /good bytes=0-0 k', 'GET /good bytes=700-999 k'])
  })

  test('refuses to ask for what is not there', async () => {
    const source = await fetchSource(`${base}/good`)
    requests.length = 0
    const message = `${base}/good: expected 2 bytes at offset 999, found 1`
    await expect(source.read(999, 2)).rejects.toThrow(new InputError(message))
    expect(requests).toEqual([])
  })

  test('follows redirects, and an empty file has size 0', async () => {
    expect(await (await fetchSource(`${base}/moved`)).read(5, 2)).toEqual(Uint8Array.of(5, 6))
    expect((await fetchSource(`${base}/probe-empty`)).size).toBe(0)
  })

  test.each([
    ['probe-200', 'expected status 206 for a range of bytes, found status 200'],
    ['probe-404', 'expected status 206 for a range of bytes, found status 404'],
    ['probe-500', 'expected status 206 for a range of bytes, found status 500'],
    ['probe-416', 'expected status 206 for a range of bytes, found status 416'],
    ['probe-bare', 'expected Content-Range: bytes 0-0/<size>, found none'],
    ['probe-star', 'expected Content-Range: bytes 0-0/<size>, found bytes 0-0/*'],
    ['probe-long', 'expected Content-Range: bytes 0-0/<size>, found bytes 0-0/9007199254740993'],
    ['probe-closed', 'expected status 206 for a range of bytes, found fetch failed'],
    ['probe-silent', 'expected status 206 for a range of bytes, found nothing for 200 ms'],
  ])('%s: %s', async (path, message) => {
    const opened = fetchSource(`${base}/${path}`, { timeout: 200 })
    await expect(opened).rejects.toThrow(InputError)
    await expect(opened).rejects.toThrow(`${base}/${path}: ${message}`)
  })

  test.each([
    ['whole', 'expected status 206 with 4 bytes at offset 16, found status 200'],
    ['missing', 'expected status 206 with 4 bytes at offset 16, found status 404'],
    ['other-range', 'expected Content-Range: bytes 16-19/1000, found bytes 0-3/1000'],
    ['other-size', 'expected Content-Range: bytes 16-19/1000, found bytes 16-19/999'],
    ['no-range', 'expected Content-Range: bytes 16-19/1000, found none'],
    ['short', 'expected 4 bytes at offset 16, found 3'],
    ['long', 'expected 4 bytes at offset 16, found more'],
    ['cut', 'expected status 206 with 4 bytes at offset 16, found terminated'],
    ['stalled', 'expected status 206 with 4 bytes at offset 16, found nothing for 200 ms'],
  ])('%s: %s', async (path, message) => {
    const source = await fetchSource(`${base}/${path}`, { timeout: 200 })
    const read = source.read(16, 4)
    await expect(read).rejects.toThrow(InputError)
    await expect(read).rejects.toThrow(`${base}/${path}: ${message}`)
  })

  test('a slow server is given time as long as bytes come', async () => {
    const source = await fetchSource(`${base}/slow`, { timeout: 200 })
    expect(await source.read(0, 5)).toEqual(file.slice(0, 5))
  })

  test('what is no URL, and an error of the given fetch, are bad input', async () => {
    await expect(fetchSource('nowhere')).rejects.toThrow(InputError)
    const broken = () => Promise.reject(new Error('offline'))
    const message = 'http://x/: expected status 206 for a range of bytes, found offline'
    await expect(fetchSource('http://x/', { fetch: broken })).rejects.toThrow(new InputError(message))
  })
})

describe('fetchFolder', () => {
  test('opens, reads text and knows what is there', async () => {
    const folder = fetchFolder(`${base}/`)
    expect(folder.name).toBe(base)
    expect(await (await folder.open('good')).read(1, 2)).toEqual(Uint8Array.of(1, 2))
    expect(await folder.text('a b%.txt')).toBe('déjà')
    expect([await folder.has('latin1.txt'), await folder.has('missing')]).toEqual([true, false])
  })

  test.each([
    ['missing', 'expected status 200 with text, found status 404'],
    ['latin1.txt', 'expected UTF-8 text, found other bytes'],
    ['endless.txt', `expected text of at most ${textLimit} bytes, found more`],
  ])('text of %s: %s', async (path, message) => {
    await expect(fetchFolder(base).text(path)).rejects.toThrow(new InputError(`${base}/${path}: ${message}`))
  })

  test('a server that will not say is bad input, and so is a path', async () => {
    const message = `${base}/denied: expected status 200 or 404, found status 403`
    await expect(fetchFolder(base).has('denied')).rejects.toThrow(new InputError(message))
    for (const path of ['../good', 'http://127.0.0.1/', '..']) {
      await expect(fetchFolder(base).open(path)).rejects.toThrow('expected the name of a file in this folder')
    }
  })
})
