import { Ajv2020 } from 'ajv/dist/2020.js'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Json } from './components.ts'
import type { RequestLimits } from './limits.ts'
import { openApi } from './openapi.ts'
import { parameters, type Kind } from './parameters.ts'
import { parseChat, parseCompletion, parseDetokenize, parseTokenize } from './parse.ts'
import { limits, strict } from './requests.fixture.ts'

interface Operation {
  readonly operationId: string
  readonly security?: readonly object[]
  readonly parameters?: readonly { readonly name: string; readonly in: string }[]
  readonly requestBody?: { readonly content: Json }
  readonly responses: Readonly<Record<string, { readonly description: string; readonly content: Json }>>
}

type Paths = Readonly<Record<string, Readonly<Record<string, Operation>>>>

const document = openApi({ limits, keys: true, metrics: true })
const paths = document['paths'] as Paths
const operations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ name: `${method.toUpperCase()} ${path}`, path, operation })),
)

test('every route of the server is there', () => {
  expect(operations.map(({ name }) => name).sort()).toEqual([
    ...['GET /health', 'GET /metrics', 'GET /openapi.json', 'GET /v1/models', 'GET /v1/models/{id}'],
    ...['GET /v1/openai/models', 'GET /v1/openai/models/{id}', 'POST /detokenize', 'POST /tokenize'],
    ...['POST /v1/chat/completions', 'POST /v1/completions'],
    ...['POST /v1/openai/chat/completions', 'POST /v1/openai/completions'],
  ])
  expect((openApi({ limits, keys: true, metrics: false })['paths'] as Paths)['/metrics']).toBeUndefined()
})

test('names of operations are unique, and each parameter of a path is declared', () => {
  const ids = operations.map(({ operation }) => operation.operationId)
  expect(new Set(ids).size).toBe(ids.length)
  for (const { path, operation } of operations) {
    const declared = (operation.parameters ?? []).filter(({ in: place }) => place === 'path').map(({ name }) => name)
    expect(declared).toEqual([...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name))
  }
})

test('every reference leads somewhere, and every schema is one', () => {
  const found = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]+)"/g)].map(([, reference]) => reference!)
  expect(found.length).toBeGreaterThan(30)
  const { schemas } = document['components'] as { schemas: Record<string, Json> }
  for (const reference of found) expect(schemas).toHaveProperty(reference.replace('#/components/schemas/', ''))
  for (const name of Object.keys(schemas)) expect(() => schema(document, name)).not.toThrow()
})

test('statuses', () => {
  const statuses = (name: string) =>
    Object.keys(operations.find((one) => one.name === name)!.operation.responses).map(Number)
  const every = [200, 400, 401, 404, 405, 408, 413, 415, 429, 431, 500, 503]
  expect(statuses('POST /v1/chat/completions')).toEqual(every)
  expect(statuses('POST /v1/openai/completions')).toEqual(every)
  expect(statuses('POST /tokenize')).toEqual(every.filter((status) => status !== 429))
  expect(statuses('GET /v1/models')).toEqual([200, 400, 401, 405, 408, 413, 431, 500, 503])
  expect(statuses('GET /v1/models/{id}')).toContain(404)
  expect(statuses('GET /health')).toEqual([200, 400, 405, 408, 413, 431, 500, 503])
})

test('keys are asked for everywhere but at /health, and nowhere where there are none', () => {
  expect(document['security']).toEqual([{ bearer: [] }])
  expect(operations.filter(({ operation }) => operation.security).map(({ name }) => name)).toEqual(['GET /health'])
  const open = openApi({ limits, keys: false, metrics: true })
  expect(open['security']).toBeUndefined()
  expect(JSON.stringify(open)).not.toContain('"401"')
})

test('models are named where they are known, and requests may still name others: those are 404', () => {
  const named = openApi({ limits, models: ['a', 'b/c'], keys: false, metrics: false })
  const check = schema(named, 'ChatRequest')
  const asking = (model: string) => ({ model, messages: [{ role: 'user', content: 'x' }] })
  expect(['a', 'b/c', 'd'].map((model) => check(asking(model)))).toEqual([true, true, false])
  expect(parseChat(asking('d'), limits).model).toBe('d')
  const [id] = (named['paths'] as Paths)['/v1/models/{id}']!['get']!.parameters!
  expect(id).toMatchObject({ name: 'id', schema: { enum: ['a', 'b/c'] } })
})

test('streams are said to be events', () => {
  const { content } = paths['/v1/chat/completions']!['post']!.responses['200']!
  expect(Object.keys(content)).toEqual(['application/json', 'text/event-stream'])
  expect(JSON.stringify(content['text/event-stream'])).toContain('"#/components/schemas/ChatCompletionChunk"')
  const event = new Ajv2020({ strict: false, logger: false }).addSchema(document, 'document').compile({
    $ref: 'document#/paths/~1v1~1chat~1completions/post/responses/200/content/text~1event-stream/schema',
  })
  expect([{ data: '{}' }, { data: '[DONE]', event: 'message' }, { data: 5 }, {}].map((value) => event(value))).toEqual([
    ...[true, true, false, false],
  ])
})

/** A validator by somebody else, of one of the document's schemas. */
function schema(of: Json, name: string): (value: unknown) => boolean {
  const ajv = new Ajv2020({ strict: false, logger: false })
  ajv.addSchema(of, 'document')
  const check = ajv.compile({ $ref: `document#/components/schemas/${name}` })
  return (value) => check(value) as boolean
}

describe.each([
  { rule: 'lenient', within: limits },
  { rule: 'strict', within: strict },
])('what the document allows is what is taken: $rule', ({ within }) => {
  const described = openApi({ limits: within, keys: false, metrics: false })

  test.each([
    { name: 'ChatRequest', parse: parseChat, body: bodies('chat') },
    { name: 'CompletionRequest', parse: parseCompletion, body: bodies('completions') },
    {
      name: 'DetokenizeRequest',
      parse: parseDetokenize,
      body: some({ tokens: mostly([1, 2]), model: mostly('m'), extra: rarely }),
    },
  ])('$name', ({ name, parse, body }) => {
    agree(schema(described, name), (value) => taken(parse, value, within), body)
  })

  test('tokenize', () => {
    const [text, messages] = [schema(described, 'TokenizeText'), schema(described, 'TokenizeMessages')]
    const options = { add_special_tokens: mostly(false), add_generation_prompt: rarely, return_token_strs: rarely }
    const body = some({
      ...options,
      prompt: mostly('x'),
      messages: fc.oneof(rarely, conversation()),
      model: mostly('m'),
    })
    const once = (value: unknown) => text(value) !== messages(value)
    agree(once, (value) => taken(parseTokenize, value, within), body)
  })
})

function agree(
  allowed: (value: unknown) => boolean,
  accepted: (value: unknown) => boolean,
  body: fc.Arbitrary<object>,
) {
  const seen = { true: 0, false: 0 }
  const check = (value: object) => {
    const verdict = allowed(value)
    seen[`${verdict}`]++
    expect(accepted(value), JSON.stringify(value)).toBe(verdict)
  }
  fc.assert(fc.property(body, check), { seed: 1, numRuns: 1000 })
  // Neither verdict is rare, or the agreement would mean little.
  expect(Math.min(seen.true, seen.false)).toBeGreaterThan(50)
}

function taken(
  parse: (value: unknown, within: RequestLimits) => unknown,
  value: unknown,
  within: RequestLimits,
): boolean {
  try {
    parse(value, within)
    return true
  } catch {
    return false
  }
}

/** Bodies with two fields beside what must be there, of values that fit some fields and not others. */
function bodies(kind: Kind): fc.Arbitrary<object> {
  // Rules that JSON Schema cannot state.
  const unstated = ['max_completion_tokens', 'best_of']
  const names = parameters.filter(({ name, of }) => of.includes(kind) && /^\w+$/.test(name) && !unstated.includes(name))
  const name = fc.constantFrom(...names.map((parameter) => parameter.name), 'extra', 'stream_options')
  const fields = fc.dictionary(name, pool, { minKeys: 0, maxKeys: 2, noNullPrototype: true })
  const prompt: object = kind === 'chat' ? { messages: conversation() } : { prompt: mostly('x') }
  const logprobs = kind === 'chat' ? { logprobs: fc.boolean(), top_logprobs: fc.constantFrom(0, 5) } : {}
  const options = fc.constant({ include_usage: true })
  const streams = some({ stream: fc.boolean(), stream_options: options, ...logprobs })
  return fc
    .tuple(fc.record({ model: fc.constant('m'), ...prompt }), streams, fields)
    .map(([base, stream, more]) => ({ ...base, ...stream, ...more }))
}

function conversation(): fc.Arbitrary<unknown> {
  const content = fc.oneof(fc.constant('x'), fc.constant([{ type: 'text', text: 'x' }]), pool)
  // No results of tools alone: that they answer calls is a rule that JSON Schema cannot state.
  const role = fc.constantFrom('system', 'developer', 'user', 'assistant', 'function')
  const calls = some({ tool_calls: pool, name: pool, tool_call_id: fc.constantFrom('abc', '', null), extra: pool })
  const usual = fc.record({ role: fc.constant('user'), content: fc.constant('x') })
  const message = fc.oneof({ weight: 6, arbitrary: usual }, fc.tuple(fc.record({ role, content }), calls).map(joined))
  return fc
    .tuple(
      fc.array(message, { maxLength: 3 }),
      fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: exchange() }),
    )
    .map((parts) => parts.flat())
}

/** A call and its result, which fit or not. */
function exchange(): fc.Arbitrary<object[]> {
  return fc
    .tuple(
      fc.record({ name: mostly('f'), arguments: mostly('{}') }),
      some({ type: mostly('function'), extra: rarely }),
      fc.record({ content: mostly(null) }),
      fc.record({ content: mostly('x') }),
    )
    .map(([named, rest, said, result]) => [
      { role: 'assistant', ...said, tool_calls: [{ id: 'abc', ...rest, function: named }] },
      { role: 'tool', tool_call_id: 'abc', ...result },
    ])
}

function joined([a, b]: readonly [object, object]): object {
  return { ...a, ...b }
}

function some(fields: Readonly<Record<string, fc.Arbitrary<unknown>>>): fc.Arbitrary<object> {
  return fc.record(fields, { requiredKeys: [], noNullPrototype: true })
}

/** A value that fits, or any. */
function mostly(value: unknown): fc.Arbitrary<unknown> {
  return fc.oneof({ weight: 4, arbitrary: fc.constant(value) }, { weight: 1, arbitrary: rarely })
}

const pool: fc.Arbitrary<unknown> = fc.constantFrom<unknown[]>(
  ...[
    null,
    true,
    false,
    0,
    1,
    -1,
    0.5,
    2,
    5.5,
    16,
    17,
    21,
    999,
    1000,
    1e6,
    2 ** 53,
    -2,
    '',
    'x',
    'none',
    'auto',
    'text',
  ],
  ...[
    [],
    ['x'],
    [''],
    ['text'],
    [5],
    [5, 'x'],
    ['x', 5],
    [[5]],
    [[]],
    [null],
    [1000],
    Array(17).fill('x'),
    [[5], ['x']],
  ],
  ...[
    {},
    { type: 'text' },
    { type: 'json' },
    { 5: 1 },
    { 1000: 1 },
    { 5: 101 },
    { a: 1 },
    { include_usage: true },
    [{}],
    [{ type: 'function', function: { name: 'f', parameters: {} } }],
    [{ type: 'function', function: { name: 'f', strict: 1 } }],
    { type: 'function', function: { name: 'f' } },
    'required',
  ],
  ...[{ include_usage: 1 }, [{ type: 'text' }], [{ type: 'text', text: 'x' }], [{ role: 'user', content: 'x' }]],
)

const rarely = fc.oneof({ weight: 4, arbitrary: fc.constant(null) }, { weight: 1, arbitrary: pool })

test.each(operations.filter(({ operation }) => operation.requestBody !== undefined))(
  'the example of $name is a body that is accepted',
  ({ path, operation }) => {
    const { example } = (operation.requestBody!.content as Readonly<Record<string, Json>>)['application/json']
    const parse = path.endsWith('/chat/completions')
      ? parseChat
      : path.endsWith('/completions')
        ? parseCompletion
        : path === '/tokenize'
          ? parseTokenize
          : parseDetokenize
    expect(() => parse(example, strict)).not.toThrow()
  },
)
