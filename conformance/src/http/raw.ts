import { connect, type Socket } from 'node:net'
import { connect as connectTls } from 'node:tls'
import type { Client } from './client.ts'

/** A reply as its bytes say it. */
export interface RawReply {
  readonly where: string
  readonly status: number
  header(name: string): string | undefined
  /** Chunks joined, in latin1 where it is not UTF-8. */
  readonly text: string
}

/** Sends bytes as they are on a connection of their own, and reads until the server hangs up or `enough` says so. */
export async function exchange(
  client: Client,
  bytes: Iterable<string | Uint8Array>,
  enough: (received: string) => boolean = () => false,
): Promise<string> {
  const url = new URL(client.url)
  const port = Number(url.port) || (url.protocol === 'https:' ? 443 : 80)
  const host = url.hostname.replace(/^\[|\]$/g, '')
  const socket = url.protocol === 'https:' ? connectTls({ host, port, servername: host }) : connect({ host, port })
  const stop = () => socket.destroy()
  client.signal?.addEventListener('abort', stop)
  try {
    for (const part of bytes) socket.write(part)
    return await received(socket, enough)
  } finally {
    client.signal?.removeEventListener('abort', stop)
    socket.destroy()
  }
}

function received(socket: Socket, enough: (received: string) => boolean): Promise<string> {
  return new Promise((resolve) => {
    const parts: Buffer[] = []
    const text = () => Buffer.concat(parts).toString('latin1')
    socket.on('data', (part: Buffer) => {
      parts.push(part)
      if (enough(text())) resolve(text())
    })
    // What a server says before it hangs up on a request that it refuses is all there will be.
    socket.on('error', () => resolve(text()))
    socket.on('close', () => resolve(text()))
  })
}

/** First line and headers of a request; `headers` come after those that every request has. */
export function head(client: Client, method: string, path: string, headers: Readonly<Record<string, string>>): string {
  const all = {
    host: new URL(client.url).host,
    connection: 'close',
    ...(client.key !== undefined && { authorization: `Bearer ${client.key}` }),
    ...headers,
  }
  const lines = Object.entries(all).map(([name, value]) => `${name}: ${value}\r\n`)
  return `${method} ${client.path(path)} HTTP/1.1\r\n${lines.join('')}\r\n`
}

/** Posts JSON, willing to take it compressed, and reads the whole reply. */
export async function rawStream(client: Client, path: string, body: unknown): Promise<RawReply> {
  const json = Buffer.from(JSON.stringify(body))
  const headers = {
    'content-type': 'application/json',
    'content-length': String(json.length),
    'accept-encoding': 'gzip, deflate, br',
  }
  return parseReply(`POST ${path}`, await exchange(client, [head(client, 'POST', path, headers), json]))
}

/** Status 0 where nothing came that looks like a reply. */
export function parseReply(where: string, received: string): RawReply {
  const end = received.indexOf('\r\n\r\n')
  const lines = received.slice(0, Math.max(end, 0)).split('\r\n')
  const headers = new Map(
    lines.slice(1).map((line) => {
      const colon = line.indexOf(':')
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()] as const
    }),
  )
  const body = received.slice(end + 4)
  const chunked = /chunked/i.test(headers.get('transfer-encoding') ?? '')
  return {
    where,
    status: Number(/^HTTP\/1\.[01] (\d{3})/.exec(lines[0] ?? '')?.[1] ?? 0),
    header: (name) => headers.get(name),
    text: chunked ? unchunked(body) : body,
  }
}

function unchunked(body: string): string {
  const parts: string[] = []
  for (let at = 0; ;) {
    const end = body.indexOf('\r\n', at)
    const length = parseInt(body.slice(at, end), 16)
    if (end < 0 || !(length > 0)) return parts.join('')
    parts.push(body.slice(end + 2, end + 2 + length))
    at = end + 2 + length + 2
  }
}
