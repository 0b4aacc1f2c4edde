import { reference, type Json } from './components.ts'

/** A route, in few words. */
export interface Operation {
  readonly path: string
  readonly method: 'get' | 'post'
  readonly id: string
  readonly tag: string
  readonly summary: string
  /** Schema of the request's body, and one such body. */
  readonly body?: Json
  readonly example?: Json
  /** The one parameter in the path, and its values where they are known. */
  readonly parameter?: { readonly name: string; readonly enum?: readonly string[] }
  /** Schema of the reply, and its media type; default JSON. */
  readonly reply: Json
  readonly media?: string
  /** Schema of what the events of a stream carry, where there is one. */
  readonly event?: Json
  /** The request waits for the engine. */
  readonly queued?: boolean
  /** The request names a model. */
  readonly named?: boolean
  /** No key is asked for. */
  readonly open?: boolean
  /** Answered also while there is no model. */
  readonly always?: boolean
}

/** A route as OpenAPI has it, with every status that it can answer. */
export function operation(route: Operation, keys: boolean): Json {
  const { id, tag, summary, parameter, body, example, open } = route
  return {
    operationId: id,
    tags: [tag],
    summary,
    ...(open && { security: [] }),
    ...(parameter && { parameters: [inPath(parameter)] }),
    ...(body && { requestBody: { required: true, content: { 'application/json': { schema: body, example } } } }),
    responses: Object.fromEntries([['200', success(route)], ...failures(route, keys && !open)]),
  }
}

function inPath({ name, ...values }: NonNullable<Operation['parameter']>): Json {
  return { name, in: 'path', required: true, schema: { type: 'string', minLength: 1, ...values } }
}

function success({ reply, media = 'application/json', event }: Operation): Json {
  const stream = event === undefined ? {} : { 'text/event-stream': { schema: eventSchema(event) } }
  return { description: 'The answer.', headers: requestId, content: { [media]: { schema: reply }, ...stream } }
}

/** OpenAPI 3.1 has no word for streams; by custom the schema is that of each event. */
function eventSchema(event: Json): Json {
  const contentSchema = { anyOf: [event, reference('Error')] }
  const carried = { type: 'string', contentMediaType: 'application/json', contentSchema }
  return {
    type: 'object',
    description: 'One event: JSON, or `[DONE]` for the last one. An Error comes where the answer breaks off.',
    properties: { data: { anyOf: [{ const: '[DONE]' }, carried] } },
    required: ['data'],
  }
}

function failures({ body, named, queued, always }: Operation, keys: boolean): [string, Json][] {
  const posted = body !== undefined
  const possible: [status: number, here: boolean | undefined, words: string, header?: string][] = [
    [400, true, 'The request is wrong; `param` names the field.'],
    [401, keys, 'No key, or an unknown one.', 'www-authenticate'],
    [404, named, 'The model is not served here.'],
    [405, true, 'The path has other methods.', 'allow'],
    [408, true, 'The request took too long to arrive.'],
    [413, true, 'The body is too large.'],
    [415, posted, 'The body is not JSON.'],
    [429, queued, 'The queue is full.', 'retry-after'],
    [431, true, 'The headers are too large.'],
    [500, true, 'Something went wrong in the server.'],
    [503, always !== true, 'The model is being loaded, or the server shuts down.', 'retry-after'],
  ]
  return possible.flatMap(([status, here, words, header]) => (here ? [[String(status), failure(words, header)]] : []))
}

function failure(words: string, header?: string): Json {
  const headers = header === undefined ? requestId : { ...requestId, [header]: { schema: { type: 'string' } } }
  return { description: words, headers, content: { 'application/json': { schema: reference('Error') } } }
}

const requestId: Json = {
  'x-request-id': { description: "The request's name in the server's log.", schema: { type: 'string' } },
}
