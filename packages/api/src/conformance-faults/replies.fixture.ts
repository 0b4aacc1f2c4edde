import {
  errors,
  faultsOf,
  headers,
  instead,
  questions,
  refusal,
  replies,
  type Fault,
  type Json,
} from './fault.fixture.ts'

let replyCount = 0
const content = (change: (text: string, body: Json) => string) =>
  replies((json, body) => {
    for (const { message } of (json.choices ?? []) as Json[])
      if (message) message.content = change(message.content, body)
  })
const model = (path: string) => (request: Request) => new URL(request.url).pathname.endsWith(path)

/** Wrong lists of models, routes, and fields of plain replies. */
export const replyFaults: readonly Fault[] = [
  ...faultsOf(
    '1',
    ['the list is no list', replies((json) => void (json.object &&= 'List')), /expected "list"/],
    ['created is missing', replies((json) => void delete json.data?.[0]?.created), /created: expected a number/],
    ['another model is listed', replies((json) => void (json.data &&= [{ ...json.data[0], id: 'other' }])), /the id/],
  ),
  ...faultsOf(
    '2',
    [
      'any model is there',
      instead((r) =>
        r.url.includes('/models/') ? Response.json({ id: 'x', object: 'model', created: 1, owned_by: 'x' }) : undefined,
      ),
      /id: expected/,
    ],
    ['404 is 400', errors(() => refusal(400)), /expected 404/],
    ['the object is another', replies((json) => void (json.object &&= 'list')), /expected "model"/],
  ),
  ...faultsOf('3a', [
    'health fails',
    instead((r) => (model('/health')(r) ? refusal(500) : undefined)),
    /status: expected 200/,
  ]),
  ...faultsOf('3b', [
    'health is always well',
    instead((r) => (model('/health')(r) ? Response.json({}) : undefined)),
    /status: expected 503/,
  ]),
  ...faultsOf(
    '4a',
    ['404 is a page', errors((_, { status }) => new Response('<h1>Not found</h1>', { status })), /expected JSON/],
    ['404 is 200', errors((json) => Response.json(json)), /status: expected 404/],
  ),
  ...faultsOf(
    '4b',
    ['no Allow', headers((h) => h.delete('allow')), /Allow: expected/],
    ['a wrong Allow', headers((h) => h.set('allow', 'PATCH')), /Allow: expected/],
    ['Allow names everything', headers((h) => h.set('allow', 'GET, POST, PUT, PATCH, DELETE')), /Allow: expected no/],
    ['405 is 404', errors((json) => Response.json(json, { status: 404 })), /expected 405/],
  ),
  ...faultsOf('5a', ['everybody may', headers((h) => h.set('access-control-allow-origin', '*')), /expected none/]),
  ...faultsOf(
    '5b',
    ['nobody may', headers((h) => h.delete('access-control-allow-origin')), /found null/],
    ['no keys', headers((h) => h.set('access-control-allow-headers', 'content-type')), /expected authorization/],
    ['no POST', headers((h) => h.set('access-control-allow-methods', 'GET')), /expected post/],
    [
      'preflights need a key',
      (right) => async (r) => (r.method === 'OPTIONS' ? refusal(401) : right(r)),
      /Origin|status/,
    ],
  ),
  ...faultsOf(
    '6',
    ['ids begin otherwise', replies((json) => void (json.id &&= 'x-1')), /chatcmpl-/],
    ['one id for all', replies((json) => void (json.id &&= 'chatcmpl-1')), /another id/],
    ['no choices', replies((json) => void delete json.choices), /choices: expected an array/],
    ['another model', replies((json) => void (json.model &&= 'gpt-4')), /model: expected/],
    ['an object of streams', replies((json) => void (json.object &&= 'chat.completion.chunk')), /object: expected/],
  ),
  ...faultsOf(
    '7',
    ['milliseconds', replies((json) => void (json.created *= 1000)), /seconds/],
    ['a fraction', replies((json) => void (json.created += 0.5)), /whole number/],
  ),
  ...faultsOf(
    '8',
    ['a bot speaks', replies((json) => void (json.choices[0].message.role = 'bot')), /expected "assistant"/],
    ['content is a list', replies((json) => void (json.choices[0].message.content = [])), /string or null/],
    ['content is missing', replies((json) => void delete json.choices[0].message.content), /string or null/],
  ),
  ...faultsOf(
    '9',
    ['null', replies((json) => void (json.choices[0].finish_reason = null)), /one of/],
    ['another word', replies((json) => void (json.choices[0].finish_reason = 'eos')), /one of/],
  ),
  ...faultsOf(
    '10a',
    ['the sum is off by one', replies((json) => void json.usage.total_tokens++), /total_tokens: expected/],
    [
      'more cached than there are',
      replies((json) => void (json.usage.prompt_tokens_details.cached_tokens = 1e6)),
      /at most prompt_tokens/,
    ],
  ),
  ...faultsOf('10b', [
    'one too many',
    replies((json) => json.usage && void (json.usage.prompt_tokens++, json.usage.total_tokens++)),
    /prompt_tokens: expected/,
  ]),
  ...faultsOf('10c', [
    'one too few',
    replies((json) => void json.usage.completion_tokens--),
    /completion_tokens: expected/,
  ]),
  ...faultsOf(
    '10d',
    [
      'only one choice counts',
      replies((json) => void (json.usage.completion_tokens /= json.choices.length)),
      /completion_tokens: expected/,
    ],
    [
      'prompts count per choice',
      replies((json) => void (json.usage.prompt_tokens *= json.choices.length)),
      /prompt_tokens: expected/,
    ],
  ),
  ...faultsOf(
    '10e',
    ['the end is not counted', replies((json) => void json.usage.completion_tokens--), /completion_tokens: expected 1/],
    ['the end is shown', content(() => '<|im_end|>'), /expected ""/],
    ['bias is ignored', questions((body) => void delete body.logit_bias), /finish_reason: expected "stop"/],
  ),
  ...faultsOf(
    '11',
    [
      'it changes',
      replies((json) => void (json.system_fingerprint = `fp_${replyCount++}`)),
      /system_fingerprint: expected/,
    ],
    ['none', replies((json) => void delete json.system_fingerprint), /expected a string/],
  ),
  ...faultsOf('12', [
    'refused',
    instead((_, body) => (body?.no_such_field ? refusal(400) : undefined)),
    /expected 200/,
  ]),
  ...faultsOf(
    '13',
    [
      'lines',
      questions((body) => {
        for (const m of body.messages ?? [])
          if (Array.isArray(m.content)) m.content = m.content.map((p: Json) => p.text).join('\n')
      }),
      /prompt_tokens: expected/,
    ],
    [
      'the first part only',
      questions((body) => {
        for (const m of body.messages ?? []) if (Array.isArray(m.content)) m.content = m.content.slice(0, 1)
      }),
      /prompt_tokens: expected/,
    ],
    [
      'refused',
      instead((_, body) => (Array.isArray(body?.messages?.[0]?.content) ? refusal(400) : undefined)),
      /expected 200/,
    ],
  ),
  ...faultsOf(
    '14a',
    ['another object', replies((json) => void (json.object &&= 'completion')), /object: expected/],
    [
      'a chat',
      replies((json) => {
        for (const c of json.choices ?? []) {
          c.message = { content: c.text }
          delete c.text
        }
      }),
      /text: expected/,
    ],
    ['another text than streamed', replies((json) => void (json.choices[0].text += '.')), /text: expected/],
  ),
  ...faultsOf(
    '14b',
    ['in reverse', replies((json) => void json.choices?.reverse()), /index: expected 0/],
    [
      'texts exchanged',
      replies((json) => {
        if (json.choices?.length === 2)
          [json.choices[0].text, json.choices[1].text] = [json.choices[1].text, json.choices[0].text]
      }),
      /text: expected/,
    ],
    [
      'only the first',
      questions((body) => {
        if (Array.isArray(body.prompt)) body.prompt = body.prompt[0]
      }),
      /2 choices/,
    ],
    [
      'usage of the last',
      replies((json) => {
        if (json.choices?.length === 2) json.usage.prompt_tokens = 1
      }),
      /prompt_tokens: expected/,
    ],
  ),
  ...faultsOf('14c', [
    'the last id is lost',
    questions((body) => {
      if (typeof body.prompt?.[0] === 'number') body.prompt.pop()
    }),
    /expected/,
  ]),
  ...faultsOf('14d', [
    'lists are one list',
    questions((body) => {
      if (Array.isArray(body.prompt?.[0])) body.prompt = body.prompt.flat()
    }),
    /2 choices/,
  ]),
  ...faultsOf(
    '15',
    ['no echo', questions((body) => void delete body.echo), /text: expected/],
    [
      'a blank is lost',
      replies((json) => {
        for (const c of json.choices ?? []) if (typeof c.text === 'string') c.text = c.text.trimStart()
      }),
      /text: expected/,
    ],
  ),
  ...faultsOf(
    '16',
    [
      'offsets are off by one',
      replies((json) => {
        const l = json.choices[0].logprobs
        l.text_offset = l.text_offset.map((o: number) => o + 1)
      }),
      /expected/,
    ],
    ['one offset too few', replies((json) => void json.choices[0].logprobs.text_offset.pop()), /entries/],
    ['one token too few', replies((json) => void json.choices[0].logprobs.tokens.shift()), /expected/],
    ['no log-probabilities', replies((json) => void (json.choices[0].logprobs = null)), /expected an array/],
    [
      'any number',
      questions((body) => {
        if (body.logprobs > 20) body.logprobs = 20
      }),
      /expected 400/,
    ],
  ),
  ...faultsOf(
    '17a',
    ['400', errors((json) => Response.json(json, { status: 400 })), /expected 404/],
    ['no code', errors((json) => void (json.error.code = null)), /model_not_found/],
    ['any name', questions((body) => void (body.model = 'tiny')), /expected 404/],
    [
      'beginnings of names',
      questions((body) => {
        if (/^tiny/.test(body.model)) body.model = 'tiny'
      }),
      /expected 404/,
    ],
  ),
  ...faultsOf('17b', ['any name', questions((body) => void (body.model = 'tiny')), /expected 404/]),
]
