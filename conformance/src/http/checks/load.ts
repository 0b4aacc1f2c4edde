import { setTimeout as sleep } from 'node:timers/promises'
import { declared, type Check, type CheckContext } from '../check.ts'
import { CheckFailure } from '../found.ts'
import type { Reply } from '../client.ts'
import { askChat, chatBody, chatPath, chatText, contentOf } from '../questions.ts'
import { EventStreamParser } from '../event-stream.ts'
import { mustBeError } from './error-body.ts'

/** Milliseconds in which what a client has left must be free again. */
const patience = 1000

export const load: readonly Check[] = [
  {
    number: 65,
    title: 'what is too much is 429 or 503 with Retry-After, and the queue is answered',
    requires: ['capacity'],
    async run(context) {
      const { slots, queue } = declared(context, 'capacity')
      const expected = await chatText(context)
      const { refusal, leave } = await fill(context, true)
      const more = await Promise.all(Array.from({ length: 8 }, () => askChat(context)))
      await leave()
      const refused = more.filter(({ status }) => status !== 200)
      for (const reply of [refusal, ...refused]) mustAskToWait(reply)
      if (!(await answered(context)))
        throw new CheckFailure('a request after all others have left', 'an answer', 'none')
      const all = Array.from({ length: slots + queue }, () => askChat(context))
      for (const reply of await Promise.all(all)) {
        const found = contentOf(reply.mustBe(200).json())
        if (found !== expected) throw new CheckFailure('an answer under load', JSON.stringify(expected), found)
      }
    },
  },
  {
    number: 66,
    part: 'a',
    title: 'a client that leaves a stream frees its slot within a second',
    requires: ['capacity'],
    run: (context) => mustFree(context, true),
  },
  {
    number: 66,
    part: 'b',
    title: 'a client that leaves before a plain reply frees its slot within a second',
    requires: ['capacity'],
    run: (context) => mustFree(context, false),
  },
  {
    number: 66,
    part: 'c',
    title: 'SIGTERM lets streams end, takes no more requests and ends the program with 0',
    requires: ['process'],
    async run(context) {
      const { start, grace } = declared(context, 'process')
      const server = await start()
      const client = context.client.with({ url: server.url })
      const { where, status, pieces } = await client.open(chatPath, chatBody(context, { stream: true, max_tokens: 64 }))
      if (status !== 200) throw new CheckFailure(`${where} status`, '200', status)
      const parser = new EventStreamParser()
      const events = []
      for await (const { bytes } of pieces()) {
        if (events.length === 0) server.terminate()
        events.push(...parser.push(new TextDecoder().decode(bytes)))
      }
      if (events.at(-1)?.data !== '[DONE]')
        throw new CheckFailure(`${where} after SIGTERM`, 'an end with [DONE]', events.at(-1))
      const late = await client.post(chatPath, chatBody(context)).then(
        ({ status }) => status,
        () => 'no connection',
      )
      if (late !== 503 && late !== 'no connection')
        throw new CheckFailure('a request after SIGTERM', '503 or no connection', late)
      const code = await Promise.race([server.exited, sleep(grace, 'none', { ref: false })])
      if (code !== 0) throw new CheckFailure(`the exit code within ${grace} ms of SIGTERM`, '0', code)
    },
  },
]

function mustAskToWait(reply: Reply): void {
  mustBeError(reply.mustBe(429, 503))
  const wait = reply.headers.get('retry-after')
  if (!/^\d+$/.test(wait ?? '') || Number(wait) < 1 || Number(wait) > 60)
    throw new CheckFailure(`${reply.where} Retry-After`, 'from 1 to 60 seconds', wait)
}

/** Takes every slot and every place in the queue, sees that there is no more, leaves, and sees that there is again. */
async function mustFree(context: CheckContext, stream: boolean): Promise<void> {
  const { refusal, leave } = await fill(context, stream)
  const left = performance.now()
  const done = leave()
  const free = await answered(context)
  const took = performance.now() - left
  await done
  refusal.mustBe(429, 503)
  if (free && took <= patience) return
  const found = free ? `one after ${took} ms` : 'none'
  throw new CheckFailure('a request after all others have left', `an answer within ${patience} ms`, found)
}

/** Asks for more of what takes long than there is room for; what is one too many is refused. */
async function fill(
  context: CheckContext,
  stream: boolean,
): Promise<{ refusal: Reply; leave: () => Promise<unknown> }> {
  const { slots, queue, long } = declared(context, 'capacity')
  const controller = new AbortController()
  const body = chatBody(context, { ...long, stream })
  const ask = () => context.client.post(chatPath, body, { signal: controller.signal })
  const asked = Array.from({ length: slots + queue + 4 }, ask)
  const leave = () => (controller.abort(), Promise.allSettled(asked))
  const refused = asked.map(async (one) => notAnswered(await one))
  const refusal = await Promise.any([...refused, sleep(10 * patience, undefined, { signal: controller.signal })]).catch(
    () => undefined,
  )
  if (refusal !== undefined) return { refusal, leave }
  await leave()
  throw new CheckFailure(`more than ${slots} requests and ${queue} waiting`, '429 or 503 for some', 'neither')
}

/** Throws for what was answered. */
function notAnswered(reply: Reply): Reply {
  if (reply.status === 200) throw new Error('answered')
  return reply
}

/** Asks until it is answered, for so long as there is patience. */
async function answered(context: CheckContext): Promise<boolean> {
  for (const end = performance.now() + patience; performance.now() < end; await sleep(20)) {
    const signal = AbortSignal.timeout(patience)
    const reply = await context.client
      .post(chatPath, chatBody(context, { max_tokens: 1 }), { signal })
      .catch(() => undefined)
    if (reply?.status === 200) return true
  }
  return false
}
