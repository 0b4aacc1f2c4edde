import { InputError, QueueFullError } from '@tramontane/core'
import { expect, test } from 'vitest'
import * as errors from './errors.ts'

test('every error has the status, type and code that clients tell it by', () => {
  const all = [
    errors.invalidRequestError('x', 'n', 'invalid_value'),
    errors.contextLengthExceeded({ context: 8, prompt: 7, answer: 2 }, 'messages'),
    errors.unauthorized(true),
    errors.modelNotFound('m', ['a']),
    errors.routeNotFound('GET', '/x'),
    errors.methodNotAllowed('PUT', '/x', ['GET', 'HEAD']),
    errors.bodyTooLarge(100),
    errors.unsupportedMediaType('text/plain'),
    errors.queueFull(),
    errors.internalError('id'),
    errors.unavailable('loading'),
    errors.unavailable('draining'),
    errors.unavailable('failed'),
  ]
  expect(all.map(({ status, type, param, code }) => [status, type, param, code])).toEqual([
    [400, 'invalid_request_error', 'n', 'invalid_value'],
    [400, 'invalid_request_error', 'messages', 'context_length_exceeded'],
    [401, 'authentication_error', null, 'invalid_api_key'],
    [404, 'invalid_request_error', 'model', 'model_not_found'],
    [404, 'invalid_request_error', null, 'not_found'],
    [405, 'invalid_request_error', null, 'method_not_allowed'],
    [413, 'invalid_request_error', null, 'request_too_large'],
    [415, 'invalid_request_error', null, 'unsupported_media_type'],
    [429, 'rate_limit_error', null, 'queue_full'],
    [500, 'server_error', null, 'internal_error'],
    [503, 'server_error', null, 'loading'],
    [503, 'server_error', null, 'draining'],
    [503, 'server_error', null, 'unavailable'],
  ])
})

test('bodies have the four fields of OpenAI, null where there is nothing to say', () => {
  expect(errors.invalidRequestError('the words').body()).toEqual({
    error: { message: 'the words', type: 'invalid_request_error', param: null, code: null },
  })
})

test('headers that the status asks for', () => {
  expect(errors.unauthorized(false).headers).toEqual({ 'www-authenticate': 'Bearer' })
  expect(errors.methodNotAllowed('PUT', '/x', ['GET', 'HEAD']).headers).toEqual({ allow: 'GET, HEAD' })
  expect(errors.unavailable('draining', 5).headers).toEqual({ 'retry-after': '5' })
})

test('Retry-After is a whole number of seconds that official clients heed: 1 to 60', () => {
  const after = [0, 0.2, 1, 1.5, 60, 61, 1e9].map((seconds) => errors.queueFull(seconds).headers['retry-after'])
  expect(after).toEqual(['1', '1', '1', '2', '60', '60', '60'])
})

test('a context that is too small says all three numbers', () => {
  const { message } = errors.contextLengthExceeded({ context: 8, prompt: 7, answer: 2 })
  expect(message).toMatch(/context is 8 tokens.*needs 9: 7 in the prompt and 2 for the answer/)
  expect(errors.contextLengthExceeded({ context: 8, prompt: 9, answer: 0 }).message).toMatch(
    /needs 9: 9 in the prompt\./,
  )
})

test('unexpected errors say nothing of themselves but the request they befell', () => {
  for (const thrown of [
    new Error('/etc/secret:12'),
    new TypeError('x'),
    new InputError('a file'),
    'text',
    undefined,
    { a: 1 },
  ]) {
    const { error } = errors.errorBody(thrown, 'req-1')
    expect(error).toEqual({
      ...{ type: 'server_error', param: null, code: 'internal_error' },
      message: 'something went wrong in the server, its log has it under req-1',
    })
  }
})

test('known errors are told', () => {
  const known = errors.bodyTooLarge(5)
  expect(errors.asApiError(known, 'id')).toBe(known)
  expect(errors.asApiError(new QueueFullError('x'), 'id').status).toBe(429)
})

test('an InputError is the request’s fault where the caller says so', () => {
  expect(errors.blameRequest(new InputError('roles must alternate'), 'messages')).toMatchObject({
    ...{ name: 'ApiError', status: 400, message: 'roles must alternate', param: 'messages' },
  })
  const other = new Error('x')
  expect(errors.blameRequest(other, 'messages')).toBe(other)
})

test('what clients wrote is echoed shortly and without control characters', () => {
  const { message } = errors.modelNotFound(`\u001b[31m\n${'x'.repeat(1e5)}`, ['a', 'b'])
  expect(message.length).toBeLessThan(200)
  expect(message).toMatch(/^the model "\\u001b\[31m\\nx+…" is not served here, only "a", "b"$/)
})
