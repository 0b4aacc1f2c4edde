import type { Context } from 'hono'
import { clientLeft } from '../error-response.ts'
import { errorBody, unavailable } from '../errors.ts'
import type { RequestRecord } from '../record.ts'
import { eventStreamHeaders, sse } from '../wire/sse.ts'
import type { Env, Server } from './server.ts'

/** A reply on its way. Nothing of it is made before it is asked for, and returning it ends the engine's work. */
export interface Chunks<C extends object> {
  readonly chunks: AsyncGenerator<C>
  readonly fold: (chunks: AsyncIterable<C>) => Promise<object>
}

/** The chunks as a stream, or what they come to. */
export async function reply<C extends object>(
  c: Context<Env>,
  { limits }: Server,
  { chunks, fold }: Chunks<C>,
  stream: boolean,
): Promise<Response> {
  if (!stream) return c.json(await fold(chunks))
  const { record } = c.env
  const { signal } = c.req.raw
  record.stream = true
  const onError = (error: unknown): object => streamError(error, record, signal)
  const body = sse(recorded(chunks, record, signal), { onError, keepAlive: limits.keepAlive })
  return c.body(body, 200, { ...eventStreamHeaders })
}

/** The same chunks; the record is ended when they are, however that comes. */
function recorded<C>(chunks: AsyncGenerator<C>, record: RequestRecord, signal: AbortSignal): AsyncIterableIterator<C> {
  const end = (aborted: boolean): void => {
    signal.removeEventListener('abort', leave)
    record.aborted ||= aborted
    record.end(200)
  }
  const leave = (): void => {
    if (clientLeft(signal)) end(true)
  }
  signal.addEventListener('abort', leave)
  return {
    [Symbol.asyncIterator]() {
      return this
    },
    async next() {
      const step = await chunks.next()
      if (step.done) end(false)
      return step
    },
    return() {
      end(true)
      return chunks.return(undefined)
    },
  }
}

function streamError(error: unknown, record: RequestRecord, signal: AbortSignal): object {
  const shutdown = signal.aborted && error === signal.reason
  if (!shutdown) record.error = error
  record.aborted ||= clientLeft(signal)
  record.end(200)
  return shutdown ? unavailable('draining').body() : errorBody(error, record.id)
}
