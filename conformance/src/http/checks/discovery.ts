import { declared, type Check, type CheckContext } from '../check.ts'
import { CheckFailure, NotApplicable, type Found } from '../found.ts'
import { chatPath } from '../questions.ts'
import { mustBeError } from './error-body.ts'

export const discovery: readonly Check[] = [
  {
    number: 1,
    title: 'GET /v1/models lists the model',
    async run({ client, model }) {
      const list = (await client.get('/v1/models')).mustBe(200).json()
      list.get('object').is('list')
      const models = list.get('data').list()
      models.forEach(mustBeModel)
      const ids = models.map((one) => one.get('id').value)
      list.get('data').must(ids.includes(model), `one with the id "${model}"`)
    },
  },
  {
    number: 2,
    title: 'GET /v1/models/{id} knows the model, and no other',
    requires: ['modelById'],
    async run({ client, model }) {
      const one = (await client.get(`/v1/models/${encodeURIComponent(model)}`)).mustBe(200).json()
      mustBeModel(one)
      one.get('id').is(model)
      mustBeError((await client.get('/v1/models/there-is-no-such-model')).mustBe(404))
    },
  },
  {
    number: 3,
    part: 'a',
    title: 'the health route answers 200 once the model is there',
    requires: ['health'],
    async run(context) {
      ;(await context.client.get(declared(context, 'health'))).mustBe(200)
    },
  },
  {
    number: 3,
    part: 'b',
    title: 'the health route answers 503 while the model is loading',
    requires: ['health', 'loading'],
    async run(context) {
      const server = await declared(context, 'loading')()
      try {
        const client = context.client.with({ url: server.url })
        ;(await client.get(declared(context, 'health'))).mustBe(503)
        mustBeError((await client.post(chatPath, {})).mustBe(503))
        await server.finish()
        ;(await client.get(declared(context, 'health'))).mustBe(200)
      } finally {
        await server.close()
      }
    },
  },
  {
    number: 4,
    part: 'a',
    title: 'an unknown route is 404 with an error body',
    async run({ client }) {
      for (const path of ['/there-is-no-such-route', '/v1/chat/completions/more', '/v1']) {
        mustBeError((await client.get(path)).mustBe(404))
        mustBeError((await client.post(path, {})).mustBe(404))
      }
    },
  },
  {
    number: 4,
    part: 'b',
    title: 'a wrong method is 405 and Allow names the right ones',
    requires: ['methods'],
    async run({ client }) {
      const wrong = { [chatPath]: ['GET', 'PUT', 'DELETE', 'PATCH'], '/v1/models': ['POST', 'DELETE'] }
      for (const [path, methods] of Object.entries(wrong)) {
        for (const method of methods) {
          const reply = mustBeError((await client.send(method, path)).mustBe(405))
          const allow = (reply.headers.get('allow') ?? '').split(/\s*,\s*/)
          const right = path === chatPath ? 'POST' : 'GET'
          if (!allow.includes(right))
            throw new CheckFailure(`${method} ${path} Allow`, right, reply.headers.get('allow'))
          if (allow.includes(method)) throw new CheckFailure(`${method} ${path} Allow`, `no ${method}`, allow)
        }
      }
    },
  },
  {
    number: 5,
    part: 'a',
    title: 'web pages of origins that are not allowed get no permission',
    requires: ['cors'],
    async run(context) {
      const allowed = declared(context, 'cors')
      if (allowed.includes('*')) throw new NotApplicable('every origin is allowed')
      for (const [method, path] of [...preflights, ['GET', '/v1/models']] as const) {
        const found = await permission(context, method, path, 'https://elsewhere.example')
        if (found !== null) throw new CheckFailure(`${method} ${path} Access-Control-Allow-Origin`, 'none', found)
      }
    },
  },
  {
    number: 5,
    part: 'b',
    title: 'web pages of allowed origins get it, for POST and with a key',
    requires: ['cors'],
    async run(context) {
      const allowed = declared(context, 'cors')
      if (allowed.length === 0) throw new NotApplicable('no origin is allowed')
      for (const origin of allowed) {
        for (const [method, path] of [...preflights, ['GET', '/v1/models']] as const) {
          const found = await permission(context, method, path, origin === '*' ? 'https://elsewhere.example' : origin)
          if (found !== origin && found !== '*')
            throw new CheckFailure(`${method} ${path} Access-Control-Allow-Origin`, origin, found)
        }
      }
    },
  },
]

const preflights = [['OPTIONS', chatPath] as const]

/** What Access-Control-Allow-Origin says. A preflight carries no key, must succeed and name what it allows. */
async function permission({ client }: CheckContext, method: string, path: string, origin: string) {
  const preflight = method === 'OPTIONS'
  const asked = {
    'access-control-request-method': 'POST',
    'access-control-request-headers': 'authorization, content-type',
  }
  const asker = preflight ? client.with({ key: undefined }) : client
  const reply = await asker.send(method, path, { headers: { origin, ...(preflight && asked) } })
  const found = reply.headers.get('access-control-allow-origin')
  if (!preflight || found === null) return found
  reply.mustBe(200, 204)
  const named = (header: string) => (reply.headers.get(header) ?? '').toLowerCase()
  for (const [header, words] of [
    ['access-control-allow-methods', ['post']],
    ['access-control-allow-headers', ['authorization', 'content-type']],
  ] as const) {
    const missing = words.find((word) => !named(header).includes(word))
    if (missing !== undefined) throw new CheckFailure(`${method} ${path} ${header}`, missing, named(header))
  }
  return found
}

function mustBeModel(model: Found): void {
  model.get('object').is('model')
  model.get('id').must(model.get('id').string() !== '', 'a name')
  model.get('created').count()
  model.get('owned_by').string()
}
