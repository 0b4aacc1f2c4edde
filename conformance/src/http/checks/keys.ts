import { declared, type Check, type CheckContext } from '../check.ts'
import { CheckFailure } from '../found.ts'
import { chatPath, completionPath } from '../questions.ts'
import { mustBeError } from './error-body.ts'

type Route = readonly [method: string, path: string]

export const keys: readonly Check[] = [
  {
    number: 63,
    title: 'without a right key every route is 401 but the open ones',
    requires: ['openRoutes'],
    async run(context) {
      const open = declared(context, 'openRoutes')
      const { client } = context
      for (const [method, path] of await routes(context)) {
        for (const headers of wrongKeys(client.key ?? '')) {
          const reply = await client.with({ key: undefined }).send(method, path, { headers })
          if (open.includes(path)) reply.mustBe(200, 204, 503)
          else if (reply.status !== 401)
            throw new CheckFailure(`${method} ${path} with ${JSON.stringify(headers)}`, '401', reply.status)
          else if (method !== 'HEAD') mustBeError(reply)
        }
      }
      ;(await client.get('/v1/models')).mustBe(200)
      ;(await client.send('GET', '/v1/models', { headers: { authorization: `bearer ${client.key}` } })).mustBe(200)
    },
  },
]

/** Those that OpenAPI lists, or else the usual ones, and some that are none: what there is shall not be told either. */
async function routes({ client }: CheckContext): Promise<Route[]> {
  const usual: Route[] = [
    ['POST', chatPath],
    ['POST', completionPath],
    ['GET', '/v1/models'],
    ['HEAD', '/v1/models'],
    ['POST', '/tokenize'],
    ['POST', '/detokenize'],
    ['GET', '/metrics'],
    ['GET', '/there-is-no-such-route'],
    ['DELETE', chatPath],
    ['GET', `${chatPath}/../models`],
    ['GET', '//v1/models'],
  ]
  const document = await client.get('/openapi.json')
  if (document.status !== 200) return usual
  const listed = Object.entries(document.json().get('paths').record()).flatMap(([path, methods]) =>
    Object.keys(methods as object)
      .filter((method) => ['get', 'post', 'put', 'delete', 'patch'].includes(method))
      .map((method): Route => [method.toUpperCase(), path.replace(/\{[^}]*\}/g, 'x')]),
  )
  return [...usual, ...listed]
}

/** None, and those that are nearly right. */
function wrongKeys(key: string): Record<string, string>[] {
  const swapped = key.toUpperCase() === key ? key.toLowerCase() : key.toUpperCase()
  const near = [key.slice(0, -1), `${key}x`, swapped, `x${key}`, '', 'null', 'undefined'].filter((one) => one !== key)
  return [
    {},
    ...near.map((one) => ({ authorization: `Bearer ${one}` })),
    { authorization: key },
    { authorization: `Basic ${key}` },
    { 'x-forwarded-for': '127.0.0.1', 'x-original-url': '/health' },
  ]
}
