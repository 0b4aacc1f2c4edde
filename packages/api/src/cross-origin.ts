import type { MiddlewareHandler } from 'hono'
import { cors } from 'hono/cors'

/** Lets web pages of these origins ask, "*" for any. A preflight carries no key and is answered without one. */
export function crossOrigin(origins: readonly string[]): MiddlewareHandler {
  const allow = cors({
    origin: origins.includes('*') ? '*' : [...origins],
    allowMethods: ['GET', 'POST'],
    exposeHeaders: ['x-request-id', 'retry-after'],
    maxAge: 600,
  })
  return async (c, next) => {
    const preflight =
      c.req.header('origin') !== undefined && c.req.header('access-control-request-method') !== undefined
    if (c.req.method === 'OPTIONS' && !preflight) return next()
    return allow(c, next)
  }
}
