import { afterAll, describe, expect, test } from 'vitest'
import type { HandlerOptions } from './handler.ts'
import { errorBody } from './schema/responses.ts'
import { servedHandler } from './served-handler.fixture.ts'
import { tinyServing } from './tiny-serving.fixture.ts'

const tiny = await tinyServing()
afterAll(() => tiny.close())

const served = (options: Partial<HandlerOptions> = {}) => servedHandler(tiny, options)
const { ask } = served()

const json = { 'content-type': 'application/json' }
const metrics = async () => ({ contentType: 'text/plain; version=0.0.4', text: 'up 1\n' })

/** An error in OpenAI's shape, and nothing else. */
async function refusal(response: Response): Promise<{ message: string; type: string; param: unknown; code: unknown }> {
  expect(response.headers.get('content-type')).toMatch(/^application\/json/)
  return errorBody.strict().parse(await response.json()).error
}

const posts = ['chat/completions', 'completions'].flatMap((path) => [`/v1/${path}`, `/v1/openai/${path}`])
const gets = ['/v1/models', '/v1/openai/models', '/v1/models/tiny', '/v1/openai/models/tiny', '/openapi.json']
const routes: [method: string, path: string][] = [
  ...[...posts, '/tokenize', '/detokenize'].map((path): [string, string] => ['POST', path]),
  ...[...gets, '/metrics'].map((path): [string, string] => ['GET', path]),
]

/** As the document names them. */
async function documented(options: Partial<HandlerOptions>, headers: Record<string, string>): Promise<string[]> {
  const response = await served(options).ask('GET', '/openapi.json', { headers })
  const { paths } = (await response.json()) as { paths: Record<string, Record<string, unknown>> }
  return Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replace('{id}', 'tiny')}`),
  )
}

describe('x-request-id', () => {
  test('is the one the client gave, where it is one', async () => {
    for (const id of ['a', 'Req_1.2-3', 'x'.repeat(128)]) {
      const response = await ask('GET', '/health', { headers: { 'x-request-id': id } })
      expect(response.headers.get('x-request-id')).toBe(id)
    }
  })

  test.each(['x'.repeat(129), 'a b', 'a"b', '<script>', 'é'])('is a new one for %j', async (id) => {
    const { headers } = await ask('GET', '/nowhere', { headers: { 'x-request-id': id } })
    expect(headers.get('x-request-id')).toMatch(/^[0-9a-f-]{36}$/)
  })
})

describe('routes', () => {
  test.each([
    '/',
    '/v1',
    '/v1/',
    '/v1/models/',
    '/v1/chat/completions/',
    '//health',
    '/health/',
    '/V1/models',
    '/%2e%2e/x',
  ])('%s is none', async (path) => {
    const response = await ask('GET', path)
    expect(response.status).toBe(404)
    expect(await refusal(response)).toMatchObject({ type: 'invalid_request_error', code: 'not_found', param: null })
  })

  test('other methods are refused with those there are', async () => {
    const { ask } = served({ observer: { finished() {}, metrics } })
    for (const [method, path] of [...routes, ['GET', '/health'] as const]) {
      for (const other of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE', 'PURGE'].filter((name) => name !== method)) {
        const response = await ask(other, path)
        expect(response.status, `${other} ${path}`).toBe(405)
        expect(response.headers.get('allow')).toBe(method === 'GET' ? 'GET, HEAD, OPTIONS' : 'POST, OPTIONS')
        expect((await refusal(response)).code).toBe('method_not_allowed')
      }
      const options = await ask('OPTIONS', path)
      expect([options.status, options.headers.get('allow')]).toEqual([
        204,
        method === 'GET' ? 'GET, HEAD, OPTIONS' : 'POST, OPTIONS',
      ])
    }
  })

  test('HEAD is GET without a body', async () => {
    const response = await ask('HEAD', '/v1/models')
    expect([response.status, await response.text()]).toEqual([200, ''])
    expect((await ask('HEAD', '/v1/completions')).status).toBe(405)
  })
})

describe('keys', () => {
  const { ask } = served({ keys: ['sk-one', 'sk-two'], observer: { finished() {}, metrics } })
  const others: [string, string][] = [
    ['GET', '/'],
    ['GET', '/nowhere'],
    ['POST', '/health'],
    ['OPTIONS', '/v1/models'],
    ['GET', '/health/../v1/models'],
    ['GET', '//health'],
    ['GET', '/health%2f..%2fv1/models'],
  ]

  test.each([...routes, ...others])('%s %s needs one', async (method, path) => {
    for (const authorization of [undefined, 'Bearer sk-three', 'Basic sk-one', 'sk-one', 'Bearer']) {
      const response = await ask(method, path, authorization === undefined ? {} : { headers: { authorization } })
      expect(response.status).toBe(401)
      expect(response.headers.get('www-authenticate')).toBe('Bearer')
      const { type, code, message } = await refusal(response)
      expect([type, code]).toEqual(['authentication_error', 'invalid_api_key'])
      expect(message).not.toContain('sk-')
    }
  })

  test.each(routes)('%s %s is answered with one', async (method, path) => {
    const response = await ask(method, path, { headers: { authorization: 'Bearer sk-two' } })
    expect(response.status).toBe(method === 'POST' ? 415 : 200)
  })

  test('the document lists all of these routes, and no other', async () => {
    const options = { keys: ['sk-one'], observer: { finished() {}, metrics } }
    const found = await documented(options, { authorization: 'Bearer sk-one' })
    expect(found.sort()).toEqual([...routes.map((route) => route.join(' ')), 'GET /health'].sort())
  })

  test('health needs none', async () => {
    expect((await ask('GET', '/health')).status).toBe(200)
    expect((await ask('HEAD', '/health')).status).toBe(200)
  })
})

describe('pages of other origins', () => {
  const preflight = { origin: 'https://a.example', 'access-control-request-method': 'POST' }

  test('are not allowed unless told', async () => {
    const response = await ask('OPTIONS', '/v1/chat/completions', { headers: preflight })
    const names: string[] = []
    response.headers.forEach((_, name) => names.push(name))
    expect(names.filter((name) => name.startsWith('access-control'))).toEqual([])
  })

  test('that were allowed may ask, with a key', async () => {
    const { ask } = served({ keys: ['sk-one'], cors: ['https://a.example'] })
    const headers = { ...preflight, 'access-control-request-headers': 'authorization, content-type' }
    const allowed = await ask('OPTIONS', '/v1/chat/completions', { headers })
    expect(allowed.status).toBe(204)
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://a.example')
    expect(allowed.headers.get('access-control-allow-headers')).toBe('authorization,content-type')
    const refused = await ask('GET', '/v1/models', { headers: preflight })
    expect(refused.status).toBe(401)
    expect(refused.headers.get('access-control-allow-origin')).toBe('https://a.example')
    expect(refused.headers.get('access-control-expose-headers')).toContain('x-request-id')
    const other = await ask('GET', '/v1/models', { headers: { origin: 'https://b.example' } })
    expect(other.headers.get('access-control-allow-origin')).toBeNull()
    expect((await ask('OPTIONS', '/v1/models')).status).toBe(401)
  })
})

describe('bodies', () => {
  const type = (value: string) => ({ headers: { 'content-type': value }, body: '{}' })

  test.each(['text/plain', 'application/jsonp', 'multipart/form-data', 'application/json; charset=utf-16', 'json'])(
    '%s is refused',
    async (value) => {
      const response = await ask('POST', '/v1/completions', type(value))
      expect(response.status).toBe(415)
      expect((await refusal(response)).code).toBe('unsupported_media_type')
    },
  )

  test.each(['application/json', 'Application/JSON;charset=UTF-8', 'application/json; charset="utf-8"'])(
    '%s is read',
    async (value) => expect((await ask('POST', '/v1/completions', type(value))).status).toBe(400),
  )

  test('without a type, or compressed, are refused', async () => {
    expect((await ask('POST', '/v1/completions')).status).toBe(415)
    const compressed = { headers: { ...json, 'content-encoding': 'gzip' }, body: 'x' }
    expect((await ask('POST', '/v1/completions', compressed)).status).toBe(415)
  })

  test('too large are refused by what they say, and by what they are', async () => {
    const { ask } = served({ limits: { body: 1000 } })
    const said = await ask('POST', '/v1/completions', { headers: { ...json, 'content-length': '1001' }, body: '{}' })
    expect([said.status, (await refusal(said)).message]).toEqual([413, expect.stringContaining('1000 bytes')])
    let pulled = 0
    let cancelled = false
    const endless = new ReadableStream<Uint8Array>({
      pull: (controller) => (pulled++, controller.enqueue(new Uint8Array(100))),
      cancel: () => void (cancelled = true),
    })
    const init = { headers: json, body: endless, duplex: 'half' } as const
    expect((await ask('POST', '/v1/completions', init)).status).toBe(413)
    expect(cancelled).toBe(true)
    expect(pulled).toBeLessThan(20)
    const just = await ask('POST', '/v1/completions', { headers: json, body: ' '.repeat(1000) })
    expect(just.status).toBe(400)
  })

  test('that end early are refused', async () => {
    const body = new ReadableStream({ pull: (controller) => controller.error(new Error('cut')) })
    const response = await ask('POST', '/v1/completions', { headers: json, body, duplex: 'half' } as never)
    expect([response.status, (await refusal(response)).message]).toEqual([400, expect.stringContaining('ended before')])
  })
})

describe('models', () => {
  const shape = (id: string) => ({
    id,
    object: 'model',
    created: 1_700_000_000,
    owned_by: 'tramontane',
    max_model_len: 512,
  })

  test.each(['/v1/models', '/v1/openai/models'])('%s lists every name', async (path) => {
    const list = { object: 'list', data: [shape('tiny'), shape('tiny/alias')] }
    expect(await (await ask('GET', path)).json()).toEqual(list)
  })

  test.each(['tiny', 'tiny/alias', 'tiny%2Falias', 'tiny%2falias'])('%s is one', async (id) => {
    for (const base of ['/v1', '/v1/openai']) {
      const response = await ask('GET', `${base}/models/${id}`)
      expect(await response.json()).toEqual(shape(decodeURIComponent(id)))
    }
  })

  test.each(['other', 'tiny/', 'tiny%252Falias', 'tin', '%', '%00', '__proto__', 'é'.repeat(500)])(
    '%s is none',
    async (id) => {
      const response = await ask('GET', `/v1/models/${id}`)
      expect(response.status).toBe(404)
      expect(await refusal(response)).toMatchObject({ code: 'model_not_found', param: 'model' })
    },
  )
})

describe('a model that is not there', () => {
  const states = { loading: 'loading', draining: 'draining', failed: 'unavailable' } as const
  test.each(Object.keys(states) as (keyof typeof states)[])('%s', async (state) => {
    const serving = () => (state === 'failed' ? new Error('/secret/path is bad') : state === 'loading' ? state : tiny)
    const { ask } = served({ serving, draining: () => state === 'draining' })
    const all: [string, string][] = [['GET', '/health'], ...routes.filter(([, path]) => /v1|tokenize/.test(path))]
    for (const [method, path] of all) {
      const response = await ask(method, path)
      expect(response.status, path).toBe(503)
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
      const { type, code, message } = await refusal(response)
      expect([type, code]).toEqual(['server_error', states[state]])
      expect(message).not.toContain('secret')
    }
  })
})

describe('metrics', () => {
  test('are what the observer says', async () => {
    const response = await served({ observer: { finished() {}, metrics } }).ask('GET', '/metrics')
    expect(response.headers.get('content-type')).toBe('text/plain; version=0.0.4')
    expect(await response.text()).toBe('up 1\n')
  })

  test('are nowhere without one', async () => {
    expect((await ask('GET', '/metrics')).status).toBe(404)
  })
})
