import { InputError, QueueFullError } from '@tramontane/core'
import type { ErrorBody } from './schema/responses.ts'

/** What an error reply says beside its sentence. */
export interface ErrorDetails {
  /** The HTTP status. */
  readonly status: number
  /** OpenAI's class of the error, such as "invalid_request_error". */
  readonly type: string
  /** The field at fault, in OpenAI's spelling: `messages[0].role`. */
  readonly param?: string | null
  /** For programs, such as "model_not_found". */
  readonly code?: string | null
  readonly headers?: Readonly<Record<string, string>>
}

/** A reply that is an error, in OpenAI's shape. Its message is meant for the client as it is. */
export class ApiError extends Error {
  override readonly name: string = 'ApiError'
  readonly status: number
  readonly type: string
  readonly param: string | null
  readonly code: string | null
  readonly headers: Readonly<Record<string, string>>

  constructor(message: string, { status, type, param = null, code = null, headers = {} }: ErrorDetails) {
    super(message)
    this.status = status
    this.type = type
    this.param = param
    this.code = code
    this.headers = headers
  }

  /** What the client reads, as a reply or in the middle of a stream. */
  body(): ErrorBody {
    return { error: { message: this.message, type: this.type, param: this.param, code: this.code } }
  }
}

const invalidRequest = 'invalid_request_error'

/** 400: a field, or without `param` the whole body, cannot be used. */
export function invalidRequestError(
  message: string,
  param: string | null = null,
  code: string | null = null,
): ApiError {
  return new ApiError(message, { status: 400, type: invalidRequest, param, code })
}

/** 400: prompt and answer together would not fit. `param`: messages, prompt or tokens. All numbers are tokens. */
export function contextLengthExceeded(
  { context, prompt, answer }: { readonly context: number; readonly prompt: number; readonly answer: number },
  param: string | null = null,
): ApiError {
  const asked = answer > 0 ? `${prompt} in the prompt and ${answer} for the answer` : `${prompt} in the prompt`
  const message = `the model's context is ${context} tokens, but the request needs ${prompt + answer}: ${asked}. Shorten one of them.`
  return invalidRequestError(message, param, 'context_length_exceeded')
}

/** 401: no key, or one that is not known. Says nothing of the key. */
export function unauthorized(given: boolean): ApiError {
  const message = given
    ? 'the API key is not known to this server'
    : 'no API key was given, expected the header "Authorization: Bearer KEY"'
  const headers = { 'www-authenticate': 'Bearer' }
  return new ApiError(message, { status: 401, type: 'authentication_error', code: 'invalid_api_key', headers })
}

/** 404: a model that is not served here; `served` are those that are. */
export function modelNotFound(model: string, served: readonly string[]): ApiError {
  const message = `the model ${shortened(model)} is not served here, only ${served.map((id) => `"${id}"`).join(', ')}`
  return new ApiError(message, { status: 404, type: invalidRequest, param: 'model', code: 'model_not_found' })
}

/** 404: no such route. */
export function routeNotFound(method: string, path: string): ApiError {
  const message = `there is no ${shortened(`${method} ${path}`)}; GET /openapi.json lists the routes`
  return new ApiError(message, { status: 404, type: invalidRequest, code: 'not_found' })
}

/** 405: a route that has other methods. */
export function methodNotAllowed(method: string, path: string, allowed: readonly string[]): ApiError {
  const allow = allowed.join(', ')
  const message = `${shortened(path)} does not take ${shortened(method)}, only ${allow}`
  return new ApiError(message, { status: 405, type: invalidRequest, code: 'method_not_allowed', headers: { allow } })
}

/** 413: a body of more than `limit` bytes. */
export function bodyTooLarge(limit: number): ApiError {
  const message = `the body is larger than ${limit} bytes, the most that this server reads`
  return new ApiError(message, { status: 413, type: invalidRequest, code: 'request_too_large' })
}

/** 415: a body that does not claim to be JSON, or is compressed. */
export function unsupportedMediaType(found: string | null): ApiError {
  const was = found === null || found === '' ? 'missing' : shortened(found)
  const message = `the content type is ${was}, expected application/json without a content encoding`
  return new ApiError(message, { status: 415, type: invalidRequest, code: 'unsupported_media_type' })
}

/** 429: slots and queue are taken. `retryAfter` in seconds, at most 60: official clients ignore longer ones. */
export function queueFull(retryAfter = 1): ApiError {
  const message = 'every slot is taken and the queue is full, try again later'
  return new ApiError(message, {
    status: 429,
    type: 'rate_limit_error',
    code: 'queue_full',
    headers: { 'retry-after': seconds(retryAfter) },
  })
}

/** 503: not yet, or not any more. `retryAfter` in seconds, at most 60. */
export function unavailable(state: 'loading' | 'draining' | 'failed', retryAfter = 5): ApiError {
  const message = {
    loading: 'the model is still being loaded, try again later',
    draining: 'the server is shutting down, try again later',
    failed: 'the model cannot answer now, try again later',
  }[state]
  return new ApiError(message, {
    status: 503,
    type: 'server_error',
    code: state === 'failed' ? 'unavailable' : state,
    headers: { 'retry-after': seconds(retryAfter) },
  })
}

/** 500: says nothing of what happened but the id under which the log has it. */
export function internalError(requestId: string): ApiError {
  const message = `something went wrong in the server, its log has it under ${requestId}`
  return new ApiError(message, { status: 500, type: 'server_error', code: 'internal_error' })
}

/** Any error → the reply. What is not an ApiError or a full queue is the server's fault and says nothing of itself. */
export function asApiError(error: unknown, requestId: string): ApiError {
  if (error instanceof ApiError) return error
  return error instanceof QueueFullError ? queueFull() : internalError(requestId)
}

/** For what is thrown while a request is turned into tokens and submitted: an InputError there is the request's fault. */
export function blameRequest(error: unknown, param: string | null = null): unknown {
  return error instanceof InputError ? invalidRequestError(error.message, param) : error
}

/** Any error → the body that a client reads. */
export function errorBody(error: unknown, requestId: string): ErrorBody {
  return asApiError(error, requestId).body()
}

/** A whole number from 1 to 60. */
function seconds(value: number): string {
  return String(Math.min(60, Math.max(1, Math.ceil(value))))
}

/** In quotes, control characters escaped, of 60 characters at most. */
export function shortened(text: string, limit = 60): string {
  return JSON.stringify(text.length > limit ? `${text.slice(0, limit)}…` : text)
}
