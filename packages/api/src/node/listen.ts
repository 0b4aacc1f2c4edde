import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { InputError } from '@tramontane/core'
import { Exchanges } from './exchanges.ts'
import { refusal, refusalOf, refuse, refuseBytes } from './refusal.ts'

export interface ListenOptions extends Partial<ConnectionLimits> {
  /** Whoever answers. Its request's signal aborts when the client leaves, or when a drain loses its patience. */
  readonly handler: (request: Request) => Promise<Response>
  /** Where to listen; default 127.0.0.1, which no other machine reaches. */
  readonly host?: string
  /** 0 takes any that is free; default 8000. */
  readonly port?: number
  /** Told when the handler throws; the client learns only that something failed. */
  readonly failed?: (error: unknown) => void
}

/** What one client may cost. Times are milliseconds. */
export interface ConnectionLimits {
  /** Bytes of a request's first line and headers together; default 16 KiB. */
  readonly maxHeader: number
  /** For the headers to arrive; default 10 s. */
  readonly headersTimeout: number
  /** For the whole request to arrive; default 60 s. */
  readonly requestTimeout: number
  /** For which a connection is kept between requests; default 5 s. */
  readonly keepAlive: number
  /** For which a client may take nothing of a reply that waits for it; default 60 s. */
  readonly stall: number
  /** At a time; further ones are hung up on. Default 1,024. */
  readonly connections: number
}

export interface Listening {
  /** Such as http://127.0.0.1:8000. */
  readonly url: string
  /**
   * Takes no more connections, answers further requests on open ones with 503, lets running ones end for `grace` ms, then
   * aborts them and cuts what is left a second later. Resolves when every connection is closed.
   */
  drain(grace: number): Promise<void>
}

const defaults: ConnectionLimits = {
  maxHeader: 16 * 1024,
  headersTimeout: 10_000,
  requestTimeout: 60_000,
  keepAlive: 5_000,
  stall: 60_000,
  connections: 1024,
}
/** Of a timer, in milliseconds: longer ones end at once. */
const longestTimer = 2 ** 31 - 1
/** From the abort of a request to the cut of its connection: time for a stream to say why it ends, in milliseconds. */
const farewell = 1_000

/** Serves a web-standard handler over HTTP/1.1. Throws InputError where it cannot listen, naming the remedy. */
export async function listen(options: ListenOptions): Promise<Listening> {
  const limits = { ...defaults, ...options }
  const { host = '127.0.0.1', port = 8000 } = options
  const exchanges = new Exchanges(options.handler, limits.stall, options.failed)
  const server = createServer(
    {
      maxHeaderSize: limits.maxHeader,
      headersTimeout: limits.headersTimeout,
      requestTimeout: limits.requestTimeout,
      keepAliveTimeout: limits.keepAlive,
      // How exactly the two timeouts above are kept; Node's own 30 s would make them meaningless.
      connectionsCheckingInterval: Math.min(1000, limits.headersTimeout / 2),
      // Refused in `request.ts`, with a body.
      requireHostHeader: false,
    },
    exchanges.start,
  )
  server.maxConnections = limits.connections
  server.on('connection', exchanges.watch)
  // Node's own refusal has no body.
  server.on('checkExpectation', (_, outgoing: ServerResponse) => {
    outgoing.shouldKeepAlive = false
    refuse(outgoing, refusal(417, 'the header Expect can ask for 100-continue only'))
  })
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    const refusal = refusalOf(error.code, limits)
    exchanges.whenAnswered(socket, () => refuseBytes(socket, refusal))
  })
  await bind(server, host, port)
  server.on('error', (error) => options.failed?.(error))
  return { url: urlOf(server.address() as AddressInfo), drain: (grace) => drain(server, exchanges, grace) }
}

async function bind(server: Server, host: string, port: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    const refused = (error: NodeJS.ErrnoException) => reject(new InputError(complaint(error, host, port)))
    server.once('error', refused)
    server.listen({ host, port }, () => {
      server.off('error', refused)
      resolve()
    })
  })
}

function complaint({ code, message }: NodeJS.ErrnoException, host: string, port: number): string {
  const where = `cannot listen on ${host} port ${port}`
  if (code === 'EADDRINUSE') return `${where}: another program does; choose another --port, or 0 for any that is free`
  if (code === 'EACCES') return `${where}: not permitted; choose a --port from 1024`
  if (code === 'EADDRNOTAVAIL') return `${where}: this machine has no such address; choose another --host`
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return `${where}: no such name; choose another --host`
  return `${where}: ${message}`
}

function urlOf({ address, family, port }: AddressInfo): string {
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${port}`
}

async function drain(server: Server, exchanges: Exchanges, grace: number): Promise<void> {
  exchanges.drain(() => server.closeIdleConnections())
  const closed = new Promise<void>((resolve) => server.close(() => resolve()))
  const patience = Math.min(grace, longestTimer - farewell)
  const timers = [
    setTimeout(() => exchanges.abort(), patience),
    setTimeout(() => server.closeAllConnections(), patience + farewell),
  ]
  await closed
  timers.forEach(clearTimeout)
}
