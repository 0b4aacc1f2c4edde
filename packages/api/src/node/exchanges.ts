import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { ApiError, unavailable } from '../errors.ts'
import { linger, refuse } from './refusal.ts'
import { adapt, type Adapted } from './request.ts'
import { write } from './response.ts'

type Handler = (request: Request) => Promise<Response>

/** One request and its reply. */
interface Exchange {
  readonly incoming: IncomingMessage
  readonly outgoing: ServerResponse
  readonly abort: AbortController
}

/** The requests under way, by connection: one may hold several, one behind the other. */
export class Exchanges {
  readonly #handler: Handler
  readonly #stall: number
  readonly #failed: ((error: unknown) => void) | undefined
  readonly #sockets = new Map<Socket, Set<Exchange>>()
  readonly #broken = new WeakSet<Socket>()
  #closeIdle: (() => void) | undefined

  constructor(handler: Handler, stall: number, failed?: (error: unknown) => void) {
    this.#handler = handler
    this.#stall = stall
    this.#failed = failed
  }

  /** From its first byte to its last; the connection's own end aborts what is under way on it. */
  readonly watch = (socket: Socket): void => {
    const exchanges = new Set<Exchange>()
    this.#sockets.set(socket, exchanges)
    const gone = () => {
      for (const { abort, outgoing } of exchanges) {
        abort.abort(new DOMException('the client has gone', 'AbortError'))
        if (!outgoing.writableEnded) outgoing.destroy()
        // Node tells only the reply that it is writing of the connection's end, not those that wait behind it.
        if (outgoing.socket === null) outgoing.emit('close')
      }
    }
    // Node takes no requests from a connection that one side has ended, and writes no replies to it.
    socket.once('end', gone)
    socket.once('close', () => {
      gone()
      this.#sockets.delete(socket)
    })
  }

  readonly start = (incoming: IncomingMessage, outgoing: ServerResponse): void => {
    const exchange = { incoming, outgoing, abort: new AbortController() }
    const others = this.#sockets.get(incoming.socket) ?? new Set()
    others.add(exchange)
    outgoing.on('error', ignore)
    outgoing.once('close', () => {
      others.delete(exchange)
      if (this.#closeIdle !== undefined) setImmediate(this.#closeIdle)
    })
    if (this.#closeIdle !== undefined) {
      outgoing.shouldKeepAlive = false
      refuse(outgoing, unavailable('draining'))
    } else void this.#answer(exchange).catch((error: unknown) => this.#fail(exchange, error))
  }

  /** From now on requests are refused; `closeIdle` closes connections that have been answered. */
  drain(closeIdle: () => void): void {
    this.#closeIdle = closeIdle
    // Node counts a connection that has never said anything as busy.
    for (const socket of this.#sockets.keys()) if (socket.bytesRead === 0) socket.destroy()
    for (const { outgoing } of this.#all()) if (!outgoing.headersSent) outgoing.shouldKeepAlive = false
  }

  /** Ends what is under way as an operator does, not as a client: a stream can still say so. */
  abort(): void {
    for (const { abort } of this.#all()) abort.abort(unavailable('draining'))
  }

  /**
   * For a connection of which no more requests can be read: calls back when those before have been answered, at once where
   * there are none or where the last of them is itself the broken one. Cuts the connection where its answer has no place
   * any more.
   */
  whenAnswered(socket: Socket, then: () => void): void {
    if (this.#broken.has(socket) || !socket.writable) return
    this.#broken.add(socket)
    const exchanges = [...(this.#sockets.get(socket) ?? [])]
    const last = exchanges.at(-1)
    if (last === undefined) then()
    else if (last.incoming.complete) last.outgoing.once('close', () => socket.writable && then())
    else if (exchanges.length > 1 || last.outgoing.headersSent) socket.destroy()
    else then()
  }

  #all(): Exchange[] {
    return [...this.#sockets.values()].flatMap((exchanges) => [...exchanges])
  }

  async #answer({ incoming, outgoing, abort }: Exchange): Promise<void> {
    const adapted = adapt(incoming, abort.signal)
    outgoing.once('finish', () => discardRest(incoming, adapted))
    const response = await this.#handler(adapted.request)
    if (outgoing.destroyed) await response.body?.cancel().catch(ignore)
    else await write(response, outgoing, this.#stall)
  }

  #fail({ outgoing }: Exchange, error: unknown): void {
    if (!(error instanceof ApiError)) this.#failed?.(error)
    if (outgoing.headersSent) return void outgoing.destroy()
    outgoing.shouldKeepAlive = false
    refuse(outgoing, error instanceof ApiError ? error : failure)
  }
}

const failure = new ApiError('something went wrong in the server', {
  status: 500,
  type: 'server_error',
  code: 'internal_error',
})

/** A client that is still sending reads its reply only if nobody hangs up on it; one that never ends is cut off. */
function discardRest(incoming: IncomingMessage, { discard }: Adapted): void {
  if (incoming.complete) return
  const cut = setTimeout(() => incoming.socket.destroySoon(), linger)
  incoming.once('end', () => clearTimeout(cut)).once('close', () => clearTimeout(cut))
  discard()
}

function ignore(): void {}
