import {
  dies,
  errors,
  faultsOf,
  headers,
  instead,
  questions,
  refusal,
  replies,
  says,
  takesAnything,
  type Fault,
  type Handler,
  type Json,
} from './fault.fixture.ts'

const path = (request: Request) => new URL(request.url).pathname

/** A stream or a reply that goes on when nobody reads it. */
const deaf =
  (right: Handler): Handler =>
  async (request) => {
    const { url, method } = request
    const body = request.body === null ? null : await request.text()
    const response = await right(new Request(url, { method, headers: request.headers, body }))
    if (response.body === null) return response
    const [own, theirs] = response.body.tee()
    void new Response(own).arrayBuffer().catch(() => {})
    return new Response(theirs, response)
  }

const typed = (content: Json): Json =>
  typeof content === 'string' ? content.replaceAll(/<\|im_(start|end)\|>/g, '!') : content

/** Wrong refusals, wrong keys, wrong limits. */
export const refusalFaults: readonly Fault[] = [
  ...faultsOf(
    '60',
    ['no param', says((error) => void delete error.param), /param: expected/],
    ['a number as code', says((error) => void (error.code = 400)), /code: expected/],
    ['no type', says((error) => void (error.type = '')), /type: expected/],
    ['no words', says((error) => void (error.message = '')), /message: expected words/],
    ['a flat error', errors((json, { status }) => Response.json(json.error, { status })), /error.message: expected/],
    ['a stack', says((error) => void (error.message += '\n    at parse (server.js:10:5)')), /nothing of the inside/],
    ['a path', says((error) => void (error.message = 'cannot read /home/user/model')), /nothing of the inside/],
    ['an address', says((error) => void (error.message = 'fault at 0x7ffe12345678')), /nothing of the inside/],
    ['a page', headers((h, { status }) => status >= 400 && h.set('content-type', 'text/html')), /content type/],
    ['the server is to blame', errors(() => refusal(500)), /status: expected 4xx/],
    ['the wrong field', says((error) => void (error.param &&= 'messages')), /param: expected "temperature"/],
  ),
  ...faultsOf(
    '61a',
    ['everything is taken', takesAnything, /status: expected/],
    ['it dies', dies, /status: expected/],
    [
      'any content type',
      (right) => (request) => {
        request.headers.set('content-type', 'application/json')
        return right(request)
      },
      /status: expected/,
    ],
    [
      'what follows is ignored',
      (right) => async (request) => {
        const text = await request.text()
        return right(
          new Request(request.url, {
            method: request.method,
            headers: request.headers,
            ...(text && { body: text.replace(/x$/, '') }),
          }),
        )
      },
      /status: expected/,
    ],
  ),
  ...faultsOf(
    '61b',
    ['everything is taken', takesAnything, /status: expected/],
    ['it dies', dies, /status: expected/],
    [
      'no content is empty',
      questions((body) => {
        for (const m of Array.isArray(body.messages) ? body.messages : [])
          if (m && typeof m === 'object') m.content ??= ''
      }),
      /status: expected/,
    ],
  ),
  ...faultsOf(
    '61c',
    [
      'texts are numbers',
      questions((body) => {
        if (body.temperature === '1') body.temperature = 1
      }),
      /status: expected/,
    ],
    [
      'infinity is a number',
      questions((body) => {
        if (body.temperature === Infinity) body.temperature = 2
      }),
      /status: expected/,
    ],
    ['it dies', dies, /status: expected/],
  ),
  ...faultsOf('61d', ['it dies', dies, /status: expected/], ['it is taken', takesAnything, /status: expected/]),
  ...faultsOf(
    '61e',
    [
      'it dies',
      instead((_, body) => (body?.messages?.[0]?.content === '\u0000' ? refusal(500) : undefined)),
      /status: expected/,
    ],
    [
      'half a pair is given back',
      replies((json, body) => {
        if (body?.messages?.[0]?.content === '\ud83c') json.choices[0].message.content = '\ud83c'
      }),
      /whole characters/,
    ],
  ),
  ...faultsOf('61f', [
    'they are control tokens',
    questions((body) => {
      for (const m of body.messages ?? []) m.content = typed(m.content)
    }),
    /tokens of a typed/,
  ]),
  ...faultsOf(
    '61g',
    ['they are control tokens', questions((body) => void (body.prompt = typed(body.prompt))), /several/],
    [
      'in prompts alone',
      (right) => (request) =>
        path(request) === '/tokenize'
          ? right(request)
          : questions((body) => void (body.prompt = typed(body.prompt)))(right)(request),
      /at least/,
    ],
  ),
  ...faultsOf('61h', ['everything is taken', takesAnything, /status: expected/], ['it dies', dies, /status: expected/]),
  ...faultsOf(
    '62',
    ['it dies', dies, /status: expected/],
    ['another code', says((error) => void (error.code = 'invalid_value')), /context_length_exceeded/],
    [
      'it is cut',
      questions((body) => {
        const m = body.messages?.[0]
        if (m) m.content = m.content.slice(0, 100)
        if (body.prompt) body.prompt = body.prompt.slice(0, 100)
      }),
      /status: expected 400/,
    ],
  ),
  ...faultsOf(
    '63',
    [
      'an open route',
      (right) => (request) => (path(request) === '/tokenize' ? right(withKey(request)) : right(request)),
      /expected 401/,
    ],
    ['it tells what there is', errors((_, { status }) => (status === 401 ? refusal(404) : undefined)), /expected 401/],
    ['beginnings of keys', loose((key, right) => right.startsWith(key) && key.length > 3), /expected 401/],
    ['capitals are the same', loose((key, right) => key.toLowerCase() === right.toLowerCase()), /expected 401/],
    ['what begins with the key', loose((key, right) => key.startsWith(right)), /expected 401/],
    [
      'health needs a key',
      instead((r) => (path(r) === '/health' && !r.headers.get('authorization') ? refusal(401) : undefined)),
      /status: expected/,
    ],
    ['a page says so', errors((_, { status }) => new Response('no', { status })), /expected JSON/],
  ),
  ...faultsOf('64a', ['400', errors(() => refusal(400)), /expected 413/]),
  ...faultsOf('64b', ['400', errors(() => refusal(400)), /expected 413/]),
  ...faultsOf('64c', ['a larger limit than declared', (right) => right, /expected 431/]),
  ...faultsOf('64d', [
    'a smaller limit than declared',
    (right) => async (request) => ((await request.clone().text()).length > 1e6 ? refusal(413) : right(request)),
    /expected 200/,
  ]),
  ...faultsOf(
    '65',
    ['no Retry-After', headers((h) => h.delete('retry-after')), /Retry-After/],
    ['too long a wait', headers((h) => h.has('retry-after') && h.set('retry-after', '3600')), /Retry-After/],
    ['500', errors(() => refusal(500)), /429 or 503, found "500/],
    [
      'answers are mixed up',
      replies((json) => {
        if (json.choices) json.choices[0].message.content += Math.floor(performance.now())
      }),
      /under load/,
    ],
  ),
  ...faultsOf('66a', ['nobody listens', deaf, /after all others have left/]),
  ...faultsOf('66b', ['nobody listens', deaf, /after all others have left/]),
  ...faultsOf('66c', ['it never ends', (right) => right, /exit code/]),
]

/** Knows more keys than it should. */
function loose(same: (key: string, right: string) => boolean): Fault['wrong'] {
  return (right) => (request) => {
    const key = /^Bearer (.*)$/.exec(request.headers.get('authorization') ?? '')?.[1] ?? ''
    return right(same(key, rightKey) ? withKey(request) : request)
  }
}

/** Of the server under test. */
export const rightKey = 'sk-Right-Key1'

function withKey(request: Request): Request {
  const changed = new Request(request)
  changed.headers.set('authorization', `Bearer ${rightKey}`)
  return changed
}
