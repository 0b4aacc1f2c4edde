import { declared, type Check, type CheckContext } from '../check.ts'
import { CheckFailure } from '../found.ts'
import { askChat, chatBody, chatPath, say } from '../questions.ts'
import { exchange, head, parseReply } from '../raw.ts'
import { mustBeError } from './error-body.ts'

export const sizes: readonly Check[] = [
  {
    number: 64,
    part: 'a',
    title: 'a body beyond the limit is 413',
    requires: ['bodyLimit'],
    async run(context) {
      const limit = declared(context, 'bodyLimit')
      const reply = await askChat(context, say('a'.repeat(limit)))
      mustBeError(reply.mustBe(413))
      ;(await askChat(context)).mustBe(200)
    },
  },
  {
    number: 64,
    part: 'b',
    title: 'a body beyond the limit that does not tell its length is 413',
    requires: ['bodyLimit'],
    async run(context) {
      const limit = declared(context, 'bodyLimit')
      const status = await statusOf(context, { 'transfer-encoding': 'chunked' }, chunked(Buffer.alloc(limit + 1, 0x20)))
      if (status !== 413) throw new CheckFailure(`POST ${chatPath} in chunks status`, '413', status)
      const lying = await statusOf(context, { 'content-length': String(10 * limit) }, [])
      if (lying !== 413) throw new CheckFailure(`POST ${chatPath} with a large Content-Length status`, '413', lying)
    },
  },
  {
    number: 64,
    part: 'c',
    title: 'headers beyond the limit are 431',
    requires: ['headerLimit'],
    async run(context) {
      const value = 'a'.repeat(declared(context, 'headerLimit') + 1)
      const status = await statusOf(context, { 'x-long': value, 'content-length': '0' }, [])
      if (status !== 431) throw new CheckFailure(`POST ${chatPath} with long headers status`, '431', status)
      ;(await askChat(context)).mustBe(200)
    },
  },
  {
    number: 64,
    part: 'd',
    title: 'a body right below the limit is read',
    requires: ['bodyLimit', 'unknownFields'],
    async run(context) {
      const room = declared(context, 'bodyLimit') - JSON.stringify(chatBody(context)).length
      // Blanks are JSON: nothing else can be wrong with it.
      const reply = await context.client.post(chatPath, JSON.stringify(chatBody(context)) + ' '.repeat(room))
      reply.mustBe(200)
    },
  },
]

type Headers = Readonly<Record<string, string>>

/** Of a request made by hand; 0 where there was no reply. */
async function statusOf({ client }: CheckContext, headers: Headers, body: Iterable<Uint8Array>): Promise<number> {
  const first = head(client, 'POST', chatPath, { 'content-type': 'application/json', ...headers })
  const received = await exchange(client, [first, ...body], (text) => text.includes('\r\n\r\n'))
  return parseReply(`POST ${chatPath}`, received).status
}

function* chunked(bytes: Uint8Array): Generator<Uint8Array> {
  const size = 64 * 1024
  for (let from = 0; from < bytes.length; from += size) {
    const part = bytes.subarray(from, from + size)
    yield Buffer.concat([Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n')])
  }
  yield Buffer.from('0\r\n\r\n')
}
