import { STATUS_CODES, type ServerResponse } from 'node:http'
import type { Socket } from 'node:net'
import { ApiError } from '../errors.ts'

/** How long a client may go on sending after it was answered, in milliseconds. */
export const linger = 500

/** Refuses a request that was understood well enough to be answered, and that no handler sees. */
export function refuse(outgoing: ServerResponse, error: ApiError): void {
  const body = JSON.stringify(error.body())
  const own = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) }
  outgoing.writeHead(error.status, { ...error.headers, ...own })
  outgoing.end(body)
}

/** Refuses bytes that are no request, and ends the connection: where the next request would begin, nobody can tell. */
export function refuseBytes(socket: Socket, error: ApiError): void {
  const body = JSON.stringify(error.body())
  const lines = [
    `HTTP/1.1 ${error.status} ${STATUS_CODES[error.status]}`,
    'Connection: close',
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
  ]
  socket.end(`${lines.join('\r\n')}\r\n\r\n${body}`)
  // Hanging up on bytes that were not read resets the connection, and the client may never see the answer.
  const cut = setTimeout(() => socket.destroy(), linger)
  socket.once('close', () => clearTimeout(cut))
}

/** What Node's parser or clocks complain of, in words for clients. */
export function refusalOf(code: string | undefined, { maxHeader }: { readonly maxHeader: number }): ApiError {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return refusal(431, `the headers are too large, expected at most ${maxHeader} bytes, the address included`)
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return refusal(408, 'the request took too long to arrive')
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW') return refusal(413, 'the extensions of a chunk are too large')
  return refusal(400, `expected an HTTP/1.1 request, found bytes that are none (${code ?? 'no code'})`)
}

/** An error of the request, as a connection sees it. */
export function refusal(status: number, message: string, headers: Readonly<Record<string, string>> = {}): ApiError {
  return new ApiError(message, { status, type: 'invalid_request_error', headers })
}
