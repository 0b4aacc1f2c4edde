import { Hono } from 'hono'
import { createMiddleware } from 'hono/factory'
import { authenticator } from './auth.ts'
import { crossOrigin } from './cross-origin.ts'
import { answered, clientLeft } from './error-response.ts'
import { ApiError, routeNotFound, unauthorized, unavailable } from './errors.ts'
import { serverLimits, type Limits } from './limits.ts'
import type { Observer } from './observer.ts'
import { openRecord } from './record.ts'
import { refuseOthers, register } from './routes/register.ts'
import { routes } from './routes/routes.ts'
import type { Env, Server } from './routes/server.ts'
import type { RequestLimits } from './schema/limits.ts'
import type { ServedModel, Serving } from './serving.ts'
import { Constraints } from './structure/constraints.ts'

export interface HandlerOptions {
  /** The model that answers now; an Error where it could not be loaded, or cannot go on. An ApiError is told as it is. */
  readonly serving: () => Serving | 'loading' | Error
  /** True from the moment when no more requests are to be taken; default never. */
  readonly draining?: () => boolean
  /** What is refused whatever it asks for, such as what comes from elsewhere: told and logged like any other error. */
  readonly refuse?: (request: Request) => ApiError | undefined
  /** Those who may ask; with none, everybody may. */
  readonly keys?: readonly string[]
  /** US dollars per million tokens of prompt and answer; default 0.07. */
  readonly price?: number
  /** Origins of web pages that may ask, or "*"; default none. */
  readonly cors?: readonly string[]
  readonly limits?: Partial<Limits>
  /** Refuse unknown fields instead of ignoring them; default false. */
  readonly strict?: boolean
  readonly observer?: Observer
}

/**
 * The server as a function: OpenAI's chat completions and completions, and what belongs to them. It runs wherever Request
 * and Response do. The client's leaving is told by the request's signal, and by cancelling a stream. The function never
 * rejects. Throws InputError for keys that no header could carry.
 */
export function handler(options: HandlerOptions): (request: Request) => Promise<Response> {
  const app = application(options)
  return async (request) => {
    const record = openRecord(request, options.observer)
    const response = await Promise.resolve(app.fetch(request, { record })).catch((error: unknown) =>
      answered(error, record, request.signal),
    )
    response.headers.set('x-request-id', record.id)
    if (!record.stream) {
      record.aborted = clientLeft(request.signal)
      record.end(response.status)
    }
    return response
  }
}

function application(options: HandlerOptions): Hono<Env> {
  const server = serverOf(options)
  const who = authenticator(options.keys ?? [])
  const app = new Hono<Env>()
  app.onError((error, c) => answered(error, c.env.record, c.req.raw.signal))
  app.notFound((c) => {
    throw routeNotFound(c.req.method, c.req.path)
  })
  app.use(async (c, next) => {
    const refusal = options.refuse?.(c.req.raw)
    if (refusal !== undefined) throw refusal
    await next()
  })
  if (options.cors?.length) app.use(crossOrigin(options.cors))
  const { open, closed } = routes(server)
  for (const route of open) register(app, route)
  // From here on nothing is answered without a key, not even that there is no such route.
  app.use(
    createMiddleware<Env>(async (c, next) => {
      const given = c.req.header('authorization') ?? null
      const owner = await who(given)
      if (owner === undefined) throw unauthorized(given !== null)
      c.set('owner', owner)
      await next()
    }),
  )
  for (const route of closed) register(app, route)
  for (const route of [...open, ...closed]) refuseOthers(app, route)
  return app
}

function serverOf({ serving, draining, keys = [], price = 0.07, strict = false, ...options }: HandlerOptions): Server {
  const limits = { ...serverLimits, ...options.limits }
  const known = new WeakMap<ServedModel, RequestLimits>()
  const constraints = new WeakMap<ServedModel, Constraints>()
  return {
    price,
    limits,
    keys: keys.length > 0,
    observer: options.observer,
    serving() {
      if (draining?.()) throw unavailable('draining')
      const now = serving()
      if (now === 'loading') throw unavailable('loading')
      if (now instanceof Error) throw now instanceof ApiError ? now : unavailable('failed')
      return now
    },
    requestLimits(model) {
      const { tokenizer, context } = model
      if (!known.has(model)) known.set(model, { ...limits, strict, vocabulary: tokenizer.size, context })
      return known.get(model)!
    },
    constraints(model) {
      if (!constraints.has(model)) constraints.set(model, new Constraints(model))
      return constraints.get(model)!
    },
  }
}
