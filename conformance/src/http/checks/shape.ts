import { declared, type Check, type CheckContext } from '../check.ts'
import { CheckFailure, type Found } from '../found.ts'
import {
  askChat,
  askCompletion,
  chat,
  chatBody,
  chatPath,
  chatStream,
  completionPath,
  contentOf,
  say,
} from '../questions.ts'
import { mustBeError } from './error-body.ts'

export const shape: readonly Check[] = [
  {
    number: 6,
    title: 'a chat has its fields and an id of its own, which a stream keeps',
    async run(context) {
      const [one, two] = [await chat(context), await chat(context)]
      mustBeReply(one, 'chat.completion', context)
      const choices = one.get('choices').list()
      one.get('choices').must(choices.length === 1, 'one choice')
      choices[0]!.get('index').is(0)
      choices[0]!.get('message').record()
      two.get('id').must(two.get('id').value !== one.get('id').value, 'another id than the last reply had')
      const { chunks } = await chatStream(context)
      for (const chunk of chunks) {
        mustBeReply(chunk, 'chat.completion.chunk', context)
        for (const name of ['id', 'created', 'model']) chunk.get(name).is(chunks[0]!.get(name).value)
      }
    },
  },
  {
    number: 7,
    title: 'created is now, in whole seconds',
    async run(context) {
      const chunks = (await chatStream(context)).chunks
      for (const reply of [await chat(context), ...chunks]) {
        const created = reply.get('created')
        const now = Date.now() / 1000
        created.must(Math.abs(created.count() - now) < 3600, `Unix time in seconds, about ${Math.round(now)}`)
      }
    },
  },
  {
    number: 8,
    title: "the message is the assistant's, its content a string or null",
    async run(context) {
      const message = (await chat(context)).get('choices[0].message')
      message.get('role').is('assistant')
      const content = message.get('content')
      content.must(content.value === null || typeof content.value === 'string', 'a string or null')
    },
  },
  {
    number: 9,
    title: 'finish_reason is one of the known, and never null in a plain reply',
    async run(context) {
      for (const fields of [{}, { max_tokens: 1 }, { stop: ['e', ' '] }]) {
        const reason = (await chat(context, fields)).get('choices[0].finish_reason')
        const known = ['stop', 'length', 'tool_calls', 'content_filter', 'function_call']
        reason.must(known.includes(reason.value as string), `one of ${known.join(', ')}`)
      }
      for (const reason of (await chatStream(context)).choices()[0]?.finishReasons ?? []) {
        if (!['stop', 'length'].includes(reason)) throw new CheckFailure('finish_reason', 'stop or length', reason)
      }
    },
  },
  {
    number: 11,
    title: 'system_fingerprint is there and stays the same',
    requires: ['fingerprint'],
    async run(context) {
      const chunks = (await chatStream(context)).chunks
      const replies = [await chat(context), await chat(context, say('Something else')), ...chunks]
      const first = replies[0]!.get('system_fingerprint').string()
      for (const reply of replies) reply.get('system_fingerprint').is(first)
    },
  },
  {
    number: 12,
    title: 'unknown fields are ignored, or refused by name, as declared',
    requires: ['unknownFields'],
    async run(context) {
      const reply = await askChat(context, { no_such_field: { a: 1 } })
      if (declared(context, 'unknownFields') === 'ignored') return void reply.mustBe(200)
      const error = mustBeError(reply.mustBe(400, 422)).json().get('error')
      error.must(JSON.stringify(error.value).includes('no_such_field'), 'the field no_such_field to be named')
    },
  },
  {
    number: 13,
    title: 'content in parts of text is the text that they come to',
    requires: ['parts'],
    async run(context) {
      const { joinedBy } = declared(context, 'parts')
      const texts = ['Tell me ', 'of the sea', '.']
      const parts = texts.map((text) => ({ type: 'text', text }))
      const [joined, whole] = [await chat(context, say(parts)), await chat(context, say(texts.join(joinedBy)))]
      joined.get('usage.prompt_tokens').is(whole.get('usage.prompt_tokens').value)
      joined.get('choices[0].message.content').is(contentOf(whole))
      const [single, plain] = [await chat(context, say([parts[1]])), await chat(context, say(texts[1]))]
      single.get('usage.prompt_tokens').is(plain.get('usage.prompt_tokens').value)
      single.get('choices[0].message.content').is(contentOf(plain))
    },
  },
  {
    number: 17,
    part: 'a',
    title: 'a chat with an unknown model is 404 model_not_found',
    async run(context) {
      await mustNotBeFound(context, chatPath)
    },
  },
  {
    number: 17,
    part: 'b',
    title: 'a completion with an unknown model is 404 model_not_found',
    requires: ['completions'],
    async run(context) {
      await mustNotBeFound(context, completionPath)
    },
  },
]

async function mustNotBeFound(context: CheckContext, path: string): Promise<void> {
  const ask = path === chatPath ? askChat : askCompletion
  for (const fields of [{}, { stream: true }]) {
    const reply = mustBeError((await ask(context, { ...fields, model: 'there-is-no-such-model' })).mustBe(404))
    reply.json().get('error.code').is('model_not_found')
  }
  // Names are not beginnings of names.
  const near = chatBody(context).model as string
  mustBeError((await ask(context, { model: `${near}x` })).mustBe(404))
}

/** What replies and chunks have in common. */
function mustBeReply(reply: Found, object: string, { model }: CheckContext): void {
  reply.get('object').is(object)
  const id = reply.get('id')
  id.must(/^chatcmpl-./.test(id.string()), 'one that begins with "chatcmpl-"')
  reply.get('created').count()
  reply.get('model').is(model)
  reply.get('choices').list()
}
