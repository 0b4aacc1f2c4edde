import { asApiError, unavailable, type ApiError } from './errors.ts'
import type { RequestRecord } from './record.ts'

/** Any error → the reply, and into the record what is no business of the client's. */
export function answered(error: unknown, record: RequestRecord, signal: AbortSignal): Response {
  if (signal.aborted && error === signal.reason) {
    // Nobody reads it, if it was the client who left.
    return clientLeft(signal) ? new Response(null, { status: 499 }) : errorResponse(unavailable('draining'))
  }
  const known = asApiError(error, record.id)
  if (known.status === 500) record.error = error
  return errorResponse(known)
}

function errorResponse(error: ApiError): Response {
  return Response.json(error.body(), { status: error.status, headers: error.headers })
}

/** Whether the one who asked has gone. A server that shuts down aborts with a reason of its own, and can still say so. */
export function clientLeft({ aborted, reason }: AbortSignal): boolean {
  return aborted && reason instanceof DOMException && reason.name === 'AbortError'
}
