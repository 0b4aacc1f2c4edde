import type { Hono } from 'hono'
import { methodNotAllowed } from '../errors.ts'
import type { Env, Handle, Route } from './server.ts'

/** Answers what the route takes. */
export function register(app: Hono<Env>, { path, GET, POST }: Route): void {
  const named = (handle: Handle): Handle => {
    return (c) => {
      c.env.record.route = path
      return handle(c)
    }
  }
  if (GET) app.get(patternOf(path), named(GET))
  if (POST) app.post(patternOf(path), named(POST))
}

/** What the route does not take. OPTIONS is answered by what it does. */
export function refuseOthers(app: Hono<Env>, { path, GET, POST }: Route): void {
  const allowed = [...(GET ? ['GET', 'HEAD'] : []), ...(POST ? ['POST'] : []), 'OPTIONS']
  app.all(patternOf(path), (c) => {
    c.env.record.route = path
    if (c.req.method === 'OPTIONS') return c.body(null, 204, { allow: allowed.join(', ') })
    throw methodNotAllowed(c.req.method, c.req.path, allowed)
  })
}

/** An id may hold slashes. */
function patternOf(path: string): string {
  return path.replace(/\{(\w+)\}/g, ':$1{.+}')
}
