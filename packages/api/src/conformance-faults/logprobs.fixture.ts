import { chunks, clamp, faultsOf, partsOf, questions, replies, type Fault, type Json } from './fault.fixture.ts'

const tokens = (change: (token: Json, i: number) => void) =>
  replies((json) => {
    for (const choice of (json.choices ?? []) as Json[]) choice.logprobs?.content?.forEach(change)
  })

/** Wrong log-probabilities. */
export const logprobFaults: readonly Fault[] = [
  ...faultsOf(
    '43a',
    ['one too few', tokens((token) => void token.top_logprobs.pop()), /top_logprobs: expected/],
    ['always there', questions((body) => void (body.logprobs = true)), /logprobs: expected null/],
  ),
  ...faultsOf(
    '43b',
    ['clamped', clamp('top_logprobs', 0, 20), /expected 400/],
    [
      'logprobs is implied',
      questions((body) => void (body.top_logprobs !== undefined && (body.logprobs = true))),
      /expected 400/,
    ],
    ['anything is true', questions((body) => void (body.logprobs = !!body.logprobs)), /expected 400/],
  ),
  ...faultsOf(
    '44a',
    ['a token is lost', replies((json) => void json.choices[0].logprobs.content.shift()), /bytes of all tokens/],
    ['a byte is lost', tokens((token) => void token.bytes.pop()), /bytes of all tokens/],
    [
      'the token of the stop string is there',
      replies((json) => {
        const l = json.choices[0].logprobs
        if (json.choices[0].finish_reason === 'stop' && l)
          l.content.push({ token: 'x', logprob: 0, bytes: [120], top_logprobs: [] })
      }),
      /bytes of all tokens/,
    ],
  ),
  ...faultsOf('44b', [
    'a token is lost',
    chunks((list) => {
      const part = partsOf(list).find((one) => one.logprobs?.content?.length)
      if (part) part.logprobs = null
    }),
    /bytes of all tokens/,
  ]),
  ...faultsOf(
    '45',
    ['base 10 with the wrong sign', tokens((token) => void (token.logprob = -token.logprob)), /at most 0/],
    ['unsorted', tokens((token) => void token.top_logprobs.reverse()), /falling/],
    ['likelier than all', tokens((token) => token.top_logprobs.forEach((t: Json) => (t.logprob = -0.01))), /add up to/],
    [
      'the chosen one is another',
      tokens((token) => {
        token.token += '?'
      }),
      /among them/,
    ],
    [
      'two numbers for one',
      tokens((token) => {
        token.logprob /= 2
      }),
      /as in top_logprobs|among them/,
    ],
  ),
  ...faultsOf(
    '46',
    [
      'blanks are trimmed',
      tokens((token) => {
        token.top_logprobs.forEach((t: Json) => (t.token = t.token.trim() + '_'))
      }),
      /token: expected/,
    ],
    [
      'broken text',
      tokens((token) => token.top_logprobs.forEach((t: Json) => (t.token = t.token.replace(/^bytes:.*/, '\ufffd')))),
      /token: expected "bytes/,
    ],
  ),
  ...faultsOf('48', ['chance at temperature 0', questions((body) => void (body.temperature = 1)), /likeliest/]),
  ...faultsOf(
    '47a',
    [
      'off by a millionth',
      replies((json) => {
        for (const map of json.choices?.[0]?.logprobs?.top_logprobs ?? []) for (const name in map) map[name] -= 1e-6
      }),
      /±/,
    ],
    [
      'the prompt begins elsewhere',
      questions((body) => {
        if (body.prompt?.length > 1) body.prompt.shift()
      }),
      /±|among them/,
    ],
  ),
  ...faultsOf(
    '47b',
    [
      'off by a millionth',
      replies((json) => {
        const l = json.choices?.[0]?.logprobs
        if (l) l.token_logprobs = l.token_logprobs.map((p: number | null) => p && p - 1e-6)
      }),
      /±/,
    ],
    ['off by one token', replies((json) => void json.choices?.[0]?.logprobs?.token_logprobs.shift()), /±|at least/],
  ),
]
