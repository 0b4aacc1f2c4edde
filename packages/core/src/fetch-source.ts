import {
  checkFileName,
  checkRead,
  decodeText,
  readBuffer,
  reason,
  shortRead,
  textLimit,
  type ByteSource,
  type Folder,
} from './byte-source.ts'
import { InputError } from './errors.ts'

export interface FetchOptions {
  readonly fetch?: typeof fetch
  readonly headers?: Readonly<Record<string, string>>
  /** Milliseconds that a server may stay silent, before its reply and within it; default 60,000. */
  readonly timeout?: number
}

/**
 * A file on an HTTP server that honours ranges (RFC 9110 §14). Its size comes from a first request for one byte, which
 * also proves that ranges work; after that each read is one request. Throws InputError naming the URL when the server
 * refuses, ignores the range, sends another one, or stops early.
 */
export async function fetchSource(url: string | URL, options: FetchOptions = {}): Promise<ByteSource> {
  const name = String(url)
  const size = await fetchSize(name, options)
  return {
    name,
    size,
    async read(offset, length) {
      checkRead({ name, size }, offset, length)
      return length === 0 ? new Uint8Array(0) : fetchRange(name, offset, length, size, options)
    },
    async close() {},
  }
}

/** The files under a base URL. `text` is a plain request; `open` needs a server that honours ranges. */
export function fetchFolder(baseUrl: string | URL, options: FetchOptions = {}): Folder {
  const name = String(baseUrl).replace(/\/*$/, '')
  function fileUrl(path: string): string {
    checkFileName(name, path)
    return `${name}/${encodeURIComponent(path)}`
  }
  return {
    name,
    open: async (path) => fetchSource(fileUrl(path), options),
    text: async (path) => fetchText(fileUrl(path), options),
    has: async (path) => fetchExists(fileUrl(path), options),
  }
}

function fetchSize(url: string, options: FetchOptions): Promise<number> {
  const expected = 'status 206 for a range of bytes'
  return exchange(url, 'GET', { range: 'bytes=0-0' }, expected, options, async (response) => {
    const range = response.headers.get('content-range')
    // A file of no bytes has no first byte to send.
    if (response.status === 416 && range === 'bytes */0') return 0
    checkStatus(url, response, 206, expected)
    const size = Number(/^bytes 0-0\/(\d{1,16})$/.exec(range ?? '')?.[1])
    if (!(size > 0 && Number.isSafeInteger(size))) throw unexpected(url, 'Content-Range: bytes 0-0/<size>', range)
    return size
  })
}

function fetchRange(url: string, offset: number, length: number, size: number, options: FetchOptions) {
  const last = offset + length - 1
  const expected = `status 206 with ${length} bytes at offset ${offset}`
  return exchange(url, 'GET', { range: `bytes=${offset}-${last}` }, expected, options, async (response, alive) => {
    checkStatus(url, response, 206, expected)
    const range = response.headers.get('content-range')
    const wanted = `bytes ${offset}-${last}/${size}`
    if (range !== wanted) throw unexpected(url, `Content-Range: ${wanted}`, range)
    const out = readBuffer(url, length)
    let found = 0
    for await (const chunk of chunks(response, alive)) {
      if (found + chunk.length > length) throw unexpected(url, `${length} bytes at offset ${offset}`, 'more')
      out.set(chunk, found)
      found += chunk.length
    }
    if (found < length) throw shortRead(url, offset, length, found)
    return out
  })
}

function fetchText(url: string, options: FetchOptions): Promise<string> {
  const expected = 'status 200 with text'
  return exchange(url, 'GET', {}, expected, options, async (response, alive) => {
    checkStatus(url, response, 200, expected)
    const parts: Uint8Array[] = []
    let found = 0
    for await (const chunk of chunks(response, alive)) {
      found += chunk.length
      if (found > textLimit) throw unexpected(url, `text of at most ${textLimit} bytes`, 'more')
      parts.push(chunk)
    }
    return decodeText(url, new Uint8Array(await new Blob(parts as Uint8Array<ArrayBuffer>[]).arrayBuffer()))
  })
}

function fetchExists(url: string, options: FetchOptions): Promise<boolean> {
  const expected = 'status 200 or 404'
  return exchange(url, 'HEAD', {}, expected, options, async (response) => {
    if (response.status === 404) return false
    checkStatus(url, response, 200, expected)
    return true
  })
}

/** One request, read by `use`, which calls `alive` at every sign of life. Every failure is an InputError. */
async function exchange<T>(
  url: string,
  method: string,
  headers: Record<string, string>,
  expected: string,
  options: FetchOptions,
  use: (response: Response, alive: () => void) => Promise<T>,
): Promise<T> {
  const { timeout = 60_000 } = options
  const controller = new AbortController()
  const expire = () => controller.abort(new Error(`nothing for ${timeout} ms`))
  let timer = setTimeout(expire, timeout)
  const alive = () => {
    clearTimeout(timer)
    timer = setTimeout(expire, timeout)
  }
  try {
    const init = { method, headers: { ...options.headers, ...headers }, signal: controller.signal }
    return await use(await (options.fetch ?? fetch)(url, init), alive)
  } catch (error) {
    throw error instanceof InputError ? error : unexpected(url, expected, reason(error))
  } finally {
    clearTimeout(timer)
    // Lets go of a body that was not wanted: a server that ignores the range may be sending gigabytes.
    controller.abort()
  }
}

/** The pieces of a body as they come. */
async function* chunks(response: Response, alive: () => void): AsyncIterable<Uint8Array> {
  const reader = response.body?.getReader()
  if (reader === undefined) return
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    alive()
    yield value
  }
}

function checkStatus(url: string, response: Response, status: number, expected: string): void {
  if (response.status !== status) throw unexpected(url, expected, `status ${response.status}`)
}

function unexpected(url: string, expected: string, found: string | null): InputError {
  return new InputError(`${url}: expected ${expected}, found ${found ?? 'none'}`)
}
