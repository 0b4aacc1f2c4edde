import { afterAll, expect, test } from 'vitest'
import { ApiError } from './errors.ts'
import { errorBody } from './schema/responses.ts'
import { servedHandler } from './served-handler.fixture.ts'
import { tinyServing } from './tiny-serving.fixture.ts'

const tiny = await tinyServing()
afterAll(() => tiny.close())

const blind = { finished() {} }

test('every request is told once', async () => {
  const { ask, events } = servedHandler(tiny)
  await ask('GET', '/v1/models/tiny?key=secret', { headers: { 'x-request-id': 'one' } })
  await ask('POST', '/nowhere')
  const nothing = { firstTokenMs: null, promptTokens: 0, cachedTokens: 0, completionTokens: 0, finishReasons: [] }
  expect(events).toEqual([
    {
      ...{ id: 'one', method: 'GET', route: '/v1/models/{id}', path: '/v1/models/tiny' },
      ...{ status: 200, ms: expect.any(Number), stream: false, aborted: false, ...nothing },
    },
    expect.objectContaining({ method: 'POST', route: '*', path: '/nowhere', status: 404 }),
  ])
})

test('what is refused whatever it asks for is told too, and has its id', async () => {
  const details = { status: 403, type: 'invalid_request_error', code: 'host_not_allowed' }
  const refuse = ({ headers }: Request) => (headers.has('x-evil') ? new ApiError('not you', details) : undefined)
  const { ask, events } = servedHandler(tiny, { refuse })
  const response = await ask('GET', '/health', { headers: { 'x-evil': '1', 'x-request-id': 'the-id' } })
  expect([response.status, response.headers.get('x-request-id')]).toEqual([403, 'the-id'])
  expect(errorBody.parse(await response.json()).error.code).toBe('host_not_allowed')
  expect((await ask('GET', '/health')).status).toBe(200)
  expect(events).toMatchObject([{ id: 'the-id', status: 403 }, { status: 200 }])
})

test('an observer learns what a client does not', async () => {
  const error = new Error('/secret/path: no such file')
  const { ask, events } = servedHandler(tiny, { observer: { ...blind, metrics: () => Promise.reject(error) } })
  const response = await ask('GET', '/metrics', { headers: { 'x-request-id': 'the-id' } })
  const { type, code, message } = errorBody.parse(await response.json()).error
  expect([response.status, type, code]).toEqual([500, 'server_error', 'internal_error'])
  expect(message).toContain('the-id')
  expect(message).not.toContain('secret')
  expect(events).toMatchObject([{ status: 500, error }])
})

test('an observer that fails harms nobody', async () => {
  const finished = () => {
    throw new Error('the disk is full')
  }
  expect((await servedHandler(tiny, { observer: { finished } }).ask('GET', '/health')).status).toBe(200)
})

test('what is thrown and is no Error is answered too', async () => {
  const { ask } = servedHandler(tiny, { observer: { ...blind, metrics: () => Promise.reject('text') } })
  const response = await ask('GET', '/metrics')
  expect([response.status, errorBody.parse(await response.json()).error.code]).toEqual([500, 'internal_error'])
})
