import { components, reference, type Json } from './components.ts'
import type { RequestLimits } from './limits.ts'
import { operation, type Operation } from './operation.ts'

export interface OpenApiOptions {
  /** What requests may ask of the model that is served. */
  readonly limits: RequestLimits
  /** Names that requests may use; default any. */
  readonly models?: readonly string[]
  /** The server asks for a key. */
  readonly keys: boolean
  /** There is GET /metrics. */
  readonly metrics: boolean
  /** Of the server's software; default "0.1.0". */
  readonly version?: string
}

/** What GET /openapi.json answers: OpenAPI 3.1, with the ranges of the very schemas that check requests. */
export function openApi({
  limits,
  models,
  keys,
  metrics,
  version = '0.1.0',
}: OpenApiOptions): Readonly<Record<string, unknown>> {
  const operations = [
    ...openAiOperations('/v1', models),
    ...openAiOperations('/v1/openai', models),
    ...otherOperations(metrics, models),
  ]
  const bearer = { type: 'http', scheme: 'bearer', description: 'One of the keys that the server was started with.' }
  return {
    openapi: '3.1.0',
    info: { title: 'Tramontane', version, description, license: { name: 'Apache-2.0', identifier: 'Apache-2.0' } },
    servers: [{ url: '/' }],
    ...(keys && { security: [{ bearer: [] }] }),
    paths: pathsOf(operations, keys),
    components: { schemas: components(limits, models), ...(keys && { securitySchemes: { bearer } }) },
  }
}

const description =
  "Chat completions and completions as OpenAI's API has them. Fields that are known elsewhere but not supported here are " +
  'refused by name. Prompts must fit into the context of the model, and roles must come in an order that its chat template takes.'

/** A request of each kind. */
function examples(models: readonly string[] = ['model']) {
  const [model] = models
  const messages = [{ role: 'user', content: 'Hello!' }]
  return {
    chat: { model, messages, max_tokens: 8 },
    completion: { model, prompt: 'The capital of France is', max_tokens: 8 },
    tokenize: { model, messages },
    detokenize: { model, tokens: [1, 2, 3] },
  }
}

function openAiOperations(base: string, models: readonly string[] | undefined): Operation[] {
  const alias = base === '/v1' ? '' : 'Alias'
  const { chat, completion } = examples(models)
  return [
    {
      ...{ path: `${base}/chat/completions`, method: 'post', id: `createChatCompletion${alias}`, tag: 'Chat' },
      ...{ summary: 'The model answers a conversation.', body: reference('ChatRequest'), example: chat },
      ...{ reply: reference('ChatCompletion'), event: reference('ChatCompletionChunk'), queued: true, named: true },
    },
    {
      ...{ path: `${base}/completions`, method: 'post', id: `createCompletion${alias}`, tag: 'Completions' },
      ...{ summary: 'The model goes on with texts.', body: reference('CompletionRequest'), example: completion },
      ...{ reply: reference('Completion'), event: reference('CompletionChunk'), queued: true, named: true },
    },
    {
      ...{ path: `${base}/models`, method: 'get', id: `listModels${alias}`, tag: 'Models' },
      ...{ summary: 'Names of the model that is served.', reply: reference('ModelList') },
    },
    {
      ...{ path: `${base}/models/{id}`, method: 'get', id: `retrieveModel${alias}`, tag: 'Models' },
      ...{ summary: 'One of them; slashes in its name may stand as they are.', reply: reference('Model') },
      ...{ parameter: { name: 'id', ...(models && { enum: models }) }, named: true },
    },
  ]
}

function otherOperations(metrics: boolean, models: readonly string[] | undefined): Operation[] {
  const { tokenize, detokenize } = examples(models)
  const text = { oneOf: [reference('TokenizeText'), reference('TokenizeMessages')] }
  const measured: Operation = {
    ...{ path: '/metrics', method: 'get', id: 'metrics', tag: 'Server' },
    ...{ summary: 'Figures for Prometheus.', reply: { type: 'string' }, media: 'text/plain', always: true },
  }
  return [
    {
      ...{ path: '/tokenize', method: 'post', id: 'tokenize', tag: 'Tokens', named: true },
      ...{ summary: 'Text or messages → token ids.', body: text, example: tokenize, reply: reference('Tokenized') },
    },
    {
      ...{ path: '/detokenize', method: 'post', id: 'detokenize', tag: 'Tokens', named: true },
      ...{ summary: 'Token ids → text.', body: reference('DetokenizeRequest'), example: detokenize },
      ...{ reply: reference('Detokenized') },
    },
    {
      ...{ path: '/health', method: 'get', id: 'health', tag: 'Server', open: true },
      ...{ summary: 'Whether the model answers.', reply: reference('Health') },
    },
    ...(metrics ? [measured] : []),
    {
      ...{ path: '/openapi.json', method: 'get', id: 'openapi', tag: 'Server' },
      ...{ summary: 'This document.', reply: { type: 'object', required: ['openapi', 'info', 'paths'] } },
    },
  ]
}

function pathsOf(operations: readonly Operation[], keys: boolean): Json {
  const paths = new Map<string, Json>()
  for (const each of operations) paths.set(each.path, { ...paths.get(each.path), [each.method]: operation(each, keys) })
  return Object.fromEntries(paths)
}
