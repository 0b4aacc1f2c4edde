import { declared, type Check, type CheckContext } from '../check.ts'
import { encoderOf } from '../encoder.ts'
import { CheckFailure } from '../found.ts'
import type { Reply, Sent } from '../client.ts'
import { askChat, chat, chatBody, chatPath, completion, completionPath, say } from '../questions.ts'
import { isWhole } from '../whole.ts'
import { mustBeError } from './error-body.ts'
import { mustLive } from './must-live.ts'

const user = { role: 'user', content: 'Hi' }

export const badInput: readonly Check[] = [
  {
    number: 60,
    title: 'every error has message, type, param and code, and shows nothing of the server',
    async run(context) {
      const { client } = context
      const replies = [
        await client.get('/there-is-no-such-route'),
        await client.post(chatPath, '{"a"'),
        await client.post(chatPath, new Uint8Array([0x22, 0xff, 0x22])),
        await client.post(chatPath, { constructor: 1, messages: { length: 1 } }),
        await client.post(chatPath, chatBody(context, { model: '../../etc/passwd' })),
        await client.post(chatPath, chatBody(context, { temperature: 'hot' })),
        await client.post(chatPath, chatBody(context, { messages: [null] })),
        await client.get('/v1/models/%00'),
      ]
      for (const reply of replies) {
        if (reply.status < 400 || reply.status >= 500)
          throw new CheckFailure(`${reply.where} status`, '4xx', reply.status)
        mustBeError(reply)
      }
      const error = replies[5]!.json().get('error')
      error.get('param').is('temperature')
    },
  },
  {
    number: 61,
    part: 'a',
    title: 'a body that is no JSON object, or says it is none, is refused',
    async run(context) {
      const whole = JSON.stringify(chatBody(context))
      const bodies = [
        '',
        ' ',
        '{',
        whole.slice(0, -1),
        `${whole}x`,
        '[]',
        '[{}]',
        '"text"',
        '1',
        'null',
        'NaN',
        "{'a': 1}",
      ]
      const bytes = [Buffer.from([0xff, 0xfe, 0x7b, 0]), Buffer.from(whole.replace('sea', '\u0080'), 'latin1')]
      for (const body of [...bodies, ...bytes]) await mustRefuse(context, body)
      for (const type of [
        'text/plain',
        'application/x-www-form-urlencoded',
        'application/xml',
        'multipart/form-data',
      ]) {
        await mustRefuse(context, whole, { headers: { 'content-type': type } })
      }
      await mustLive(context)
    },
  },
  {
    number: 61,
    part: 'b',
    title: 'messages that are none are refused',
    async run(context) {
      const messages = [
        undefined,
        null,
        [],
        'Hi',
        {},
        [null],
        ['Hi'],
        [[]],
        [{}],
        [{ role: 'user' }],
        [{ content: 'Hi' }],
        [{ role: 'wizard', content: 'Hi' }],
        [{ role: 1, content: 'Hi' }],
        [{ role: 'user', content: null }],
        [{ role: 'user', content: 1 }],
        [{ role: 'user', content: {} }],
        [{ role: 'user', content: [{ type: 'text' }] }],
        [{ role: 'user', content: [{ type: 'text', text: 1 }] }],
        [{ role: 'user', content: [{ type: 'no-such-type', text: 'Hi' }] }],
        [user, { role: 'user' }],
      ]
      for (const one of messages) await mustRefuse(context, { ...chatBody(context), messages: one })
      await mustLive(context)
    },
  },
  {
    number: 61,
    part: 'c',
    title: 'fields of a wrong type, or numbers that are none, are refused',
    async run(context) {
      const wrong = {
        model: [1, [], {}],
        stream: ['yes', 1, {}],
        temperature: ['1', {}],
        max_tokens: ['16', {}, 1.5],
        top_p: ['1', {}],
        stop: [1, {}, [1]],
      }
      for (const [name, values] of Object.entries(wrong)) {
        for (const value of values) await mustRefuse(context, chatBody(context, { [name]: value }))
      }
      for (const digits of ['1e999', '-1e999', 'NaN', 'Infinity', '1e', '+1', '01', '0x1']) {
        await mustRefuse(
          context,
          JSON.stringify(chatBody(context)).replace('"temperature":0', `"temperature":${digits}`),
        )
      }
      await mustRefuse(context, JSON.stringify(chatBody(context)).replace('"max_tokens":16', '"max_tokens":1e999'))
      await mustLive(context)
    },
  },
  {
    number: 61,
    part: 'd',
    title: 'a million nested arrays or objects do no harm',
    async run(context) {
      const deep = 1_000_000
      const arrays = '['.repeat(deep) + ']'.repeat(deep)
      const objects = '{"a":'.repeat(deep / 8) + '1' + '}'.repeat(deep / 8)
      const nested = (value: string) =>
        JSON.stringify(chatBody(context, { messages: 0 })).replace('"messages":0', `"messages":${value}`)
      for (const body of [arrays, '['.repeat(deep), objects, nested(arrays), nested('['.repeat(deep))]) {
        const reply = await context.client.post(chatPath, body)
        mustBeError(reply.mustBe(400, 413, 422))
      }
      await mustLive(context)
    },
  },
  {
    number: 61,
    part: 'e',
    title: 'lone surrogates, control characters and odd text are text, or refused',
    async run(context) {
      const texts = [
        '\ud83c',
        'a\udf0a b',
        '\u0000',
        '\u0001\u0007\u001b[31m\u007f',
        '\ufeff',
        '\ufffe\uffff',
        '\u202e\u2028',
        '',
      ]
      for (const text of texts) {
        const reply = await askChat(context, say(text))
        if (reply.status === 200) mustBeText(reply)
        else mustBeError(reply.mustBe(400, 422))
      }
      await mustLive(context)
    },
  },
  {
    number: 61,
    part: 'f',
    title: 'control tokens that a user types stay text',
    requires: ['controlTokens'],
    async run(context) {
      for (const typed of declared(context, 'controlTokens')) {
        const count = async (content: string) =>
          (await chat(context, { ...say(content), max_tokens: 1 })).get('usage.prompt_tokens')
        const [once, five] = [await count(typed), await count(typed.repeat(5))]
        const each = (five.count() - once.count()) / 4
        if (each < 2) throw new CheckFailure(`tokens of a typed ${typed}`, 'several: it is text', each)
      }
    },
  },
  {
    number: 61,
    part: 'g',
    title: 'control tokens in plain prompts and in /tokenize stay text',
    requires: ['controlTokens', 'completions', 'encoder'],
    async run(context) {
      for (const typed of declared(context, 'controlTokens')) {
        const ids = await encoderOf(context).encode(typed)
        if (ids.length < 2) throw new CheckFailure(`tokens of ${typed}`, 'several: it is text', ids)
        const reply = await completion(context, { prompt: typed, max_tokens: 1 })
        const found = reply.get('usage.prompt_tokens')
        found.must(found.count() >= ids.length, `at least ${ids.length}`)
      }
    },
  },
  {
    number: 61,
    part: 'h',
    title: 'prompts that are none, and tokens that there are not, are refused',
    requires: ['completions'],
    async run(context) {
      for (const prompt of [undefined, 1, {}, [], [[]], [1.5], [-1], [2 ** 31], [[1], 'a'], ['a', 1], [null]]) {
        const body = { model: context.model, max_tokens: 1, prompt }
        mustBeError((await context.client.post(completionPath, body)).mustBe(400, 422))
      }
      await mustLive(context)
    },
  },
  {
    number: 62,
    title: 'a prompt that is too long is 400 context_length_exceeded',
    requires: ['context'],
    async run(context) {
      const words = 'word '.repeat(declared(context, 'context') + 1)
      const replies = [await askChat(context, say(words)), await askChat(context, { ...say(words), stream: true })]
      if (context.capabilities.completions) {
        replies.push(await context.client.post(completionPath, { model: context.model, prompt: words, max_tokens: 1 }))
      }
      for (const reply of replies) mustBeError(reply.mustBe(400)).json().get('error.code').is('context_length_exceeded')
      await mustLive(context)
    },
  },
]

/** 400, 413, 415 or 422, and an error that says so. */
async function mustRefuse({ client }: CheckContext, body: unknown, sent: Sent = {}): Promise<void> {
  const reply = await client.post(chatPath, body, sent)
  const text = body instanceof Uint8Array ? Buffer.from(body).toString('latin1') : JSON.stringify(body)
  if (reply.status < 400 || reply.status >= 500)
    throw new CheckFailure(`${reply.where} of ${text?.slice(0, 300)} status`, '400, 415 or 422', reply.status)
  mustBeError(reply.mustBe(400, 413, 415, 422))
}

function mustBeText(reply: Reply): void {
  const content = reply.json().get('choices[0].message.content')
  if (!content.absent) content.must(isWhole(content.string()), 'whole characters')
}
