import { declared, type Check } from '../check.ts'
import { CheckFailure } from '../found.ts'
import { askChat, chat, chatBody, chatPath, chatStream, completionStream, say } from '../questions.ts'
import { rawStream } from '../raw.ts'
import type { Streamed } from '../streamed.ts'
import { mustBeError, mustBeErrorBody } from './error-body.ts'

export const streamForm: readonly Check[] = [
  {
    number: 18,
    title: 'a stream is text/event-stream, neither stored nor compressed, in UTF-8',
    async run(context) {
      // Read without a client's help: fetch would unpack what is packed.
      const body = chatBody(context, { stream: true })
      const { where, status, header, text } = await rawStream(context.client, chatPath, body)
      if (status !== 200) throw new CheckFailure(`${where} status`, '200', status)
      const [type, cache, encoding] = ['content-type', 'cache-control', 'content-encoding'].map(header)
      if (!/^text\/event-stream *(;|$)/i.test(type ?? ''))
        throw new CheckFailure('Content-Type', 'text/event-stream', type)
      if (!/no-cache|no-store/i.test(cache ?? '')) throw new CheckFailure('Cache-Control', 'no-cache', cache)
      if ((encoding ?? 'identity') !== 'identity') throw new CheckFailure('Content-Encoding', 'none', encoding)
      if (!/^data: ?\{/.test(text)) throw new CheckFailure(`${where} body`, 'to begin with "data: {"', text)
    },
  },
  {
    number: 19,
    title: "a choice's first chunk says that the assistant speaks",
    async run(context) {
      const choices = context.capabilities.choices === undefined ? {} : { n: 2 }
      for (const { parts } of (await chatStream(context, choices)).choices()) {
        parts[0]!.get('delta.role').is('assistant')
        for (const part of parts) {
          const role = part.get('delta.role')
          role.must(role.absent || role.value === 'assistant', 'nothing, or "assistant"')
        }
      }
    },
  },
  {
    number: 20,
    title: 'what a stream says is what the plain reply says',
    async run(context) {
      for (const fields of [{}, { max_tokens: 40, ...say('海 🌊?') }, { max_tokens: 1 }]) {
        const choice = (await chat(context, fields)).get('choices[0]')
        const stream = (await chatStream(context, fields)).choices()[0]!
        choice
          .get('message.content')
          .must((choice.get('message.content').value ?? '') === stream.text, `"${stream.text}", as streamed`)
        choice.get('finish_reason').is(stream.finishReasons[0])
      }
    },
  },
  {
    number: 21,
    title: 'a choice has exactly one finish_reason, and nothing after it',
    async run(context) {
      const most = Math.min(3, context.capabilities.choices ?? 1)
      const streams = [await chatStream(context, { n: most }), await chatStream(context, { stop: [' ', 'e'] })]
      for (const { where, choices } of streams) {
        for (const { index, parts, finishReasons } of choices()) {
          if (finishReasons.length !== 1)
            throw new CheckFailure(`${where} choice ${index}`, 'one finish_reason', finishReasons)
          parts.at(-1)!.get('finish_reason').string()
        }
        if (choices().length === 0) throw new CheckFailure(where, 'a choice', [])
      }
    },
  },
  {
    number: 22,
    title: 'a stream ends with [DONE], once, and nothing after it',
    async run(context) {
      const streams = [await chatStream(context), await chatStream(context, { max_tokens: 1 })]
      if (context.capabilities.completions) streams.push(await completionStream(context))
      for (const { where, events } of streams) {
        const at = events.flatMap(({ data }, i) => (data === '[DONE]' ? [i] : []))
        if (at.length !== 1 || at[0] !== events.length - 1)
          throw new CheckFailure(where, `[DONE] as the last of ${events.length} events alone`, at)
      }
    },
  },
  {
    number: 23,
    part: 'a',
    title: 'include_usage: null on every chunk but a last one without choices',
    requires: ['streamUsage'],
    async run(context) {
      const fields = { stream_options: { include_usage: true } }
      const streams = [await chatStream(context, fields)]
      if (context.capabilities.completions) streams.push(await completionStream(context, fields))
      for (const { where, chunks, events } of streams) {
        const last = chunks.at(-1)
        if (last === undefined || events.at(-1)!.data !== '[DONE]')
          throw new CheckFailure(where, 'chunks and [DONE]', events)
        last.get('choices').must(last.get('choices').list().length === 0, 'no choices in the last chunk')
        last.get('usage.total_tokens').count()
        for (const chunk of chunks.slice(0, -1)) {
          chunk.get('usage').is(null)
          chunk.get('choices').must(chunk.get('choices').list().length > 0, 'choices in all chunks but the last')
        }
      }
    },
  },
  {
    number: 23,
    part: 'b',
    title: 'without include_usage no chunk is without choices or with usage',
    requires: ['streamUsage'],
    async run(context) {
      for (const fields of [{}, { stream_options: { include_usage: false } }]) {
        for (const chunk of (await chatStream(context, fields)).chunks) {
          chunk.get('choices').must(chunk.get('choices').list().length > 0, 'choices')
          chunk.get('usage').must(chunk.get('usage').absent, 'no usage')
        }
      }
    },
  },
  {
    number: 24,
    title: 'stream_options without stream is refused by name',
    requires: ['streamUsage'],
    async run(context) {
      for (const fields of [{}, { stream: false }]) {
        const reply = await askChat(context, { ...fields, stream_options: { include_usage: true } })
        const error = mustBeError(reply.mustBe(400, 422)).json().get('error')
        error.must(JSON.stringify(error.value).includes('stream_options'), 'stream_options to be named')
      }
    },
  },
  {
    number: 28,
    title: 'what fails in mid-stream is told in the stream, which then ends',
    requires: ['failing'],
    async run(context) {
      const stream = await chatStream(context, declared(context, 'failing'))
      const errors = stream.chunks.flatMap((chunk, i) => (chunk.get('error').absent ? [] : [i]))
      if (errors.length !== 1 || errors[0] !== stream.chunks.length - 1)
        throw new CheckFailure(stream.where, `an error as the last of ${stream.chunks.length} chunks alone`, errors)
      mustBeErrorBody(stream.chunks.at(-1)!)
      if (errors[0] === 0) throw new CheckFailure(stream.where, 'chunks before the error', stream.events)
      ;(await askChat(context)).mustBe(200)
    },
  },
  {
    number: 29,
    part: 'a',
    title: 'every line of a stream is a field of the standard, a comment or blank',
    async run(context) {
      const stream = await chatStream(context)
      if (stream.parser.unknown.length > 0)
        throw new CheckFailure(stream.where, 'lines "data: …", comments and blank ones', stream.parser.unknown)
      for (const { event } of stream.events) {
        if (event !== 'message') throw new CheckFailure(stream.where, 'no name of an event', event)
      }
    },
  },
  {
    number: 29,
    part: 'b',
    title: 'a stream that waits sends comments, which change nothing',
    requires: ['slow'],
    async run(context) {
      const stream: Streamed = await chatStream(context, declared(context, 'slow').fields)
      if (stream.parser.comments.length === 0) throw new CheckFailure(stream.where, 'a comment while it waits', 'none')
      if (stream.text() === '' || stream.events.at(-1)?.data !== '[DONE]')
        throw new CheckFailure(stream.where, 'a text and [DONE]', stream.events)
    },
  },
]
