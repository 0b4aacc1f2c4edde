import { connect, type Socket } from 'node:net'
import { listen, type ListenOptions, type Listening } from './listen.ts'

/** A connection of which a test sees every byte. */
export class RawClient {
  readonly socket: Socket
  /** Settles when the connection is closed, however it ended. */
  readonly closed: Promise<void>
  #received = ''

  constructor(url: string) {
    this.socket = connect(Number(new URL(url).port), new URL(url).hostname.replace(/[[\]]/g, ''))
    this.socket.on('data', (bytes: Buffer) => (this.#received += bytes.toString('latin1')))
    this.socket.on('error', () => {})
    this.closed = new Promise((resolve) => this.socket.once('close', () => resolve()))
  }

  get received(): string {
    return this.#received
  }

  send(text: string | Buffer): void {
    this.socket.write(text)
  }

  /** Waits until what was received fits. Throws after `patience` ms. */
  async until(pattern: RegExp, patience = 5000): Promise<string> {
    const start = performance.now()
    while (!pattern.test(this.#received)) {
      if (performance.now() - start > patience) throw new Error(`expected ${pattern}, received ${this.#received}`)
      await sleep(5)
    }
    return this.#received
  }
}

export function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}

/** Waits until `condition` holds. Throws after `patience` ms. */
export async function eventually(condition: () => boolean, patience = 5000): Promise<void> {
  const start = performance.now()
  while (!condition()) {
    if (performance.now() - start > patience) throw new Error(`expected ${condition} to hold at last`)
    await sleep(5)
  }
}

/** The value that a figure has when it is above 0 and has not changed for 300 ms. */
export async function atRest(figure: () => number): Promise<number> {
  let before = -1
  while (figure() === 0 || figure() !== before) {
    before = figure()
    await sleep(300)
  }
  return before
}

/** Listens on a free port while `use` runs. */
export async function listening<T>(
  options: Omit<ListenOptions, 'port'>,
  use: (server: Listening, client: () => RawClient) => Promise<T>,
): Promise<T> {
  const server = await listen({ ...options, port: 0 })
  const clients: RawClient[] = []
  const client = () => {
    clients.push(new RawClient(server.url))
    return clients.at(-1)!
  }
  try {
    return await use(server, client)
  } finally {
    for (const { socket } of clients) socket.destroy()
    await server.drain(0)
  }
}

export const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: x\r\n\r\n`

export const post = (path: string, body: string) =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`

/** Answers with what it was asked. */
export const echo = async (request: Request) =>
  Response.json({
    method: request.method,
    url: request.url,
    type: request.headers.get('x-type'),
    body: await request.text(),
  })

/** Never answers; tells when it is aborted. */
export function waiting() {
  const seen: { aborted: unknown[]; asked: number } = { aborted: [], asked: 0 }
  const handler = async ({ signal }: Request): Promise<Response> => {
    seen.asked++
    await new Promise((resolve) => signal.addEventListener('abort', resolve))
    seen.aborted.push(signal.reason)
    return new Response('too late')
  }
  return { seen, handler }
}

/** A stream without an end, a line at a time, which counts what was asked of it. */
export function endless(lineLength = 1000, pause = 0) {
  const seen = { lines: 0, cancelled: 0, aborted: 0 }
  const handler = async ({ signal }: Request): Promise<Response> => {
    signal.addEventListener('abort', () => seen.aborted++)
    const stream = new ReadableStream<Uint8Array>(
      {
        async pull(controller) {
          await sleep(pause)
          seen.lines++
          controller.enqueue(new TextEncoder().encode(`${'x'.repeat(lineLength - 1)}\n`))
        },
        cancel: () => void seen.cancelled++,
      },
      { highWaterMark: 0 },
    )
    return new Response(stream, { headers: { 'content-type': 'text/event-stream' } })
  }
  return { seen, handler }
}

/** The error in a raw reply. */
export const errorBody = (received: string) => JSON.parse(received.slice(received.indexOf('\r\n\r\n') + 4)) as object
