import type { IncomingMessage } from 'node:http'
import { refusal } from './refusal.ts'

/** Node's request as a web-standard one, and how to let go of its body. */
export interface Adapted {
  readonly request: Request
  /** Throws away what the handler left of the body, so that the connection can be used again. */
  discard(): void
}

/**
 * Node's request as a web-standard one. The body is read only as the handler reads it. The host is always `localhost`,
 * whatever the client says: nothing may depend on it. Throws ApiError where no handler could be given it.
 */
export function adapt(incoming: IncomingMessage, signal: AbortSignal): Adapted {
  const method = incoming.method ?? 'GET'
  // Forbidden to fetch, and so to its Request.
  if (method === 'TRACE') throw refusal(405, 'TRACE is not supported', { allow: 'GET, HEAD, POST, OPTIONS' })
  checkHost(incoming)
  const bare = method === 'GET' || method === 'HEAD'
  // Leaving the loop early must not destroy the socket: the reply is still to be written to it.
  const chunks = incoming.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Uint8Array>
  const init = { method, headers: headersOf(incoming), signal }
  const body = bare ? {} : { body: streamOf(chunks), duplex: 'half' }
  const discard = () => void chunks.return?.().then(() => incoming.resume(), ignore)
  try {
    return { request: new Request(addressOf(incoming), { ...init, ...body } as RequestInit), discard }
  } catch (error) {
    throw refusal(400, (error as Error).message)
  }
}

/** RFC 9112 §3.2. Of two hosts, whoever stands in front of this server may have looked at the other one. */
function checkHost({ httpVersionMinor, headersDistinct: { host = [] } }: IncomingMessage): void {
  if (host.length > 1) throw refusal(400, `expected one Host header, found ${host.length}`)
  if (host.length === 0 && httpVersionMinor === 1) throw refusal(400, 'expected a Host header, found none')
}

/** Pulled, never pushed. (Readable.toWeb reads ahead, and can throw outside of any caller when a connection breaks.) */
function streamOf(chunks: AsyncIterator<Uint8Array>): ReadableStream<Uint8Array> {
  return new ReadableStream<Uint8Array>(
    {
      async pull(controller) {
        const { done, value } = await chunks.next()
        if (done) controller.close()
        else controller.enqueue(value)
      },
    },
    { highWaterMark: 0 },
  )
}

function headersOf({ rawHeaders }: IncomingMessage): Headers {
  const headers = new Headers()
  for (let i = 0; i < rawHeaders.length; i += 2) headers.append(rawHeaders[i], rawHeaders[i + 1])
  return headers
}

/** Both forms of RFC 9112 that name a path: `/path` and, as proxies write it, `http://host/path`. */
function addressOf({ url = '/' }: IncomingMessage): string {
  if (url.startsWith('/')) return `http://localhost${url}`
  const { pathname, search } = URL.canParse(url) ? new URL(url) : { pathname: `/${url}`, search: '' }
  return `http://localhost${pathname}${search}`
}

function ignore(): void {}
