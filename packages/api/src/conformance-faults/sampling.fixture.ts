import {
  clamp,
  errors,
  faultsOf,
  instead,
  questions,
  refusal,
  replies,
  without,
  type Fault,
  type Handler,
  type Json,
} from './fault.fixture.ts'

const content = (change: (text: string, body: Json) => string) =>
  replies((json, body) => {
    for (const { message } of (json.choices ?? []) as Json[])
      if (message) message.content = change(message.content, body)
  })

/** Whoever is not alone is answered otherwise. */
const crowded =
  (wanted: (body: Json) => boolean) =>
  (right: Handler): Handler => {
    let live = 0
    const changed = content((text) => `${text}!`)(right)
    return async (request) => {
      const body: Json = await request.clone().json()
      live++
      try {
        return await (live > 1 && wanted(body) ? changed : right)(request)
      } finally {
        live--
      }
    }
  }

/** Wrong draws, lengths and stops. */
export const samplingFaults: readonly Fault[] = [
  ...faultsOf('32', [
    'chance at temperature 0',
    questions((body) => void (body.temperature = 1)),
    /answer \d+ at temperature 0/,
  ]),
  ...faultsOf(
    '33a',
    ['the seed is ignored', without('seed'), /answer of seed|stream of seed/],
    [
      'streams draw otherwise',
      questions((body) => {
        if (body.stream) body.seed += 1
      }),
      /stream of seed/,
    ],
  ),
  ...faultsOf('33b', ['one seed for all', questions((body) => void (body.seed = 1)), /different ones/]),
  ...faultsOf('34a', ['neighbours matter', crowded(() => true), /among/]),
  ...faultsOf('34b', ['neighbours matter for draws', crowded((body) => body.seed !== undefined), /among/]),
  ...faultsOf(
    '35a',
    [
      'one more',
      questions((body) => {
        if (Number.isInteger(body.max_tokens)) body.max_tokens++
      }),
      /completion_tokens: expected/,
    ],
    [
      'nonsense is ignored',
      questions((body) => {
        if (!(Number.isInteger(body.max_tokens) && body.max_tokens >= 0)) delete body.max_tokens
      }),
      /expected 400/,
    ],
    [
      'an early end without a word',
      questions((body) => {
        if (body.max_tokens > 2) body.max_tokens--
      }),
      /finish_reason: expected "stop"/,
    ],
  ),
  ...faultsOf('35b', ['ignored', without('max_completion_tokens'), /completion_tokens: expected/]),
  ...faultsOf(
    '35c',
    [
      '0 is 1',
      questions((body) => {
        if (body.max_tokens === 0) body.max_tokens = 1
      }),
      /completion_tokens: expected 0/,
    ],
    ['refused', instead((_, body) => (body?.max_tokens === 0 ? refusal(400) : undefined)), /expected 200/],
  ),
  ...faultsOf(
    '36a',
    ['it is shown', content((text, { stop }) => text + (stop ?? '')), /content: expected/],
    [
      'finish length',
      replies((json) => void (json.choices[0].finish_reason = 'length')),
      /finish_reason: expected "stop"/,
    ],
    ['ignored', without('stop'), /content: expected/],
    ['blanks are trimmed', content((text) => text.slice(0, -1)), /content: expected|words/],
  ),
  ...faultsOf('36b', [
    'only the last counts',
    questions((body) => {
      if (Array.isArray(body.stop)) body.stop = body.stop.slice(-1)
    }),
    /expected/,
  ]),
  ...faultsOf(
    '36c',
    ['it ends with its token', content((text, { stop }) => (stop === 'e th' ? `${text}e` : text)), /cut at "e th"/],
    [
      'only whole tokens',
      questions((body) => {
        if (body.stop === 'e th') delete body.stop
      }),
      /finish_reason: expected "stop"/,
    ],
    ['not at the beginning', content((text, { stop }) => (stop === 'th' ? `${text}th` : text)), /cut at its beginning/],
  ),
  ...faultsOf(
    '36d',
    [
      'the rest is ignored',
      questions((body) => {
        if (Array.isArray(body.stop)) body.stop = body.stop.slice(0, 16)
      }),
      /expected 400/,
    ],
    [
      'an empty one is ignored',
      questions((body) => {
        if (body.stop === '') delete body.stop
      }),
      /expected 400/,
    ],
    ['fewer than declared', instead((_, body) => (body?.stop?.length > 4 ? refusal(400) : undefined)), /expected 200/],
  ),
  ...faultsOf(
    '37a',
    ['ignored', without('logit_bias'), /forced/],
    [
      'too weak',
      questions((body) => {
        for (const id in body.logit_bias) body.logit_bias[id] = 1
      }),
      /forced/,
    ],
  ),
  ...faultsOf('37b', [
    'only upwards',
    questions((body) => {
      for (const id in body.logit_bias) if (body.logit_bias[id] < 0) delete body.logit_bias[id]
    }),
    /banned/,
  ]),
  ...faultsOf(
    '37c',
    [
      'values are clamped',
      questions((body) => {
        for (const id in body.logit_bias) body.logit_bias[id] = Math.min(100, Math.max(-100, body.logit_bias[id])) || 0
      }),
      /expected 400|expected '400'/,
    ],
    [
      'bad ids are ignored',
      questions((body) => {
        for (const id in body.logit_bias) if (!/^\d{1,3}$/.test(id)) delete body.logit_bias[id]
      }),
      /expected 400/,
    ],
    ['refused without a name', errors(() => refusal(400)), /to be named/],
  ),
  ...faultsOf(
    '38a',
    ['ignored', without('frequency_penalty'), /different letters/],
    ['backwards', questions((body) => void (body.frequency_penalty &&= -body.frequency_penalty)), /different letters/],
  ),
  ...faultsOf(
    '38b',
    ['ignored', without('presence_penalty'), /different letters/],
    ['only upwards', clamp('presence_penalty', 0, 2), /different letters/],
  ),
  ...faultsOf('38c', ['clamped', clamp('presence_penalty', -2, 2), /expected 400/]),
  ...faultsOf('39a', ['ignored', without('top_p'), /content with/]),
  ...faultsOf('39b', ['ignored', without('top_k'), /content with/]),
  ...faultsOf('39c', ['ignored', without('min_p'), /content with/]),
  ...faultsOf(
    '40',
    ['clamped', clamp('n', 1, 16), /expected 400/],
    ['always one', questions((body) => void (body.n = 1)), /choices of n 16/],
  ),
  ...faultsOf(
    '41',
    ['temperature is clamped', clamp('temperature', 0, 2), /expected 400/],
    ['top_p is clamped', clamp('top_p', 0.01, 1), /expected 400/],
    ['seeds are cut', questions((body) => void (body.seed = Math.floor(Number(body.seed)) || 0)), /expected 400/],
  ),
  ...faultsOf('42', ['rounded', questions((body) => void (body.seed %= 1_000_003)), /two different ones/]),
]
