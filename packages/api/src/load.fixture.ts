import { once } from 'node:events'
import { request, type IncomingMessage } from 'node:http'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { philox } from '@tramontane/core'
import { post, RawClient, sleep } from './node/listen.fixture.ts'

const path = '/v1/chat/completions'

/** The throws of one client: whole numbers from 0 up to below `sides`. */
export type Dice = (sides: number) => number

/** The same for the same client, whatever the others do. */
export function dice(client: number): Dice {
  let count = 0
  return (sides) => philox([count++, 0, 0, 0], [client, 5])[0] % sides
}

/** What somebody may ask: greedy or at random, with one choice or two. */
export function question(i: number): object {
  const messages = [{ role: 'user', content: `Question ${i}` }]
  return { model: 'tiny', messages, temperature: (i % 3) / 2, seed: i, max_tokens: 20 + 5 * (i % 9), n: 1 + (i % 2) }
}

export interface Reply {
  readonly status: number
  readonly retryAfter: string | undefined
  readonly text: string
}

/** Over a connection of its own. */
export async function ask(url: string, body: object): Promise<Reply> {
  const headers = { 'content-type': 'application/json' }
  const asked = request(url + path, { method: 'POST', agent: false, headers }).end(JSON.stringify(body))
  const [reply] = (await once(asked, 'response')) as [IncomingMessage]
  let text = ''
  for await (const bytes of reply.setEncoding('utf8')) text += bytes
  return { status: reply.statusCode!, retryAfter: reply.headers['retry-after'], text }
}

interface Choice {
  readonly index: number
  readonly message?: { readonly content: string }
  readonly delta?: { readonly content?: string }
  readonly finish_reason: string | null
}

/** By choice, its text and why it ended, plain or streamed. Throws where the reply is not whole. */
export function answers({ text }: Reply): string[] {
  const contents: string[] = []
  const reasons: string[] = []
  for (const object of objects(text)) {
    for (const { index, message, delta, finish_reason } of object.choices) {
      contents[index] = (contents[index] ?? '') + ((message ?? delta)?.content ?? '')
      reasons[index] = (reasons[index] ?? '') + (finish_reason ?? '')
    }
  }
  return contents.map((content, i) => `${content} (${reasons[i]})`)
}

function objects(text: string): { readonly choices: Choice[] }[] {
  if (!text.startsWith('data: ')) return [JSON.parse(text)]
  if (!text.endsWith('data: [DONE]\n\n')) throw new Error(`a stream without its end: ${text.slice(-200)}`)
  return text
    .split('\n\n')
    .slice(0, -2)
    .map((event) => JSON.parse(event.slice('data: '.length)))
}

/** Connects, and leaves at some point of a request that would take long: before, in or after it, or in its answer. */
export async function visit(url: string, roll: Dice): Promise<void> {
  const client = new RawClient(url)
  if (roll(4) > 0) await once(client.socket, 'connect')
  const stage = roll(5)
  const long = { ...question(roll(50)), max_tokens: 200, ignore_eos: true, stream: stage === 4 || roll(2) === 0 }
  const bytes = post(path, JSON.stringify(long))
  if (stage > 0) client.send(stage === 1 ? bytes.slice(0, 1 + roll(bytes.length - 1)) : bytes)
  if (stage === 3) await sleep(roll(30))
  if (stage === 4) await Promise.race([client.until(/\r\n\r\n[^]*\n\n|queue_full/, 60_000), client.closed])
  const farewell = roll(3)
  if (farewell === 0) client.socket.destroy()
  else if (farewell === 1) client.socket.resetAndDestroy()
  else client.socket.end()
  await client.closed
}

/** Bytes that JavaScript still holds when all garbage is gone. */
export function heldBytes(): number {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  collect()
  return process.memoryUsage().heapUsed
}

/** Connections of this process, at either end. */
export function connections(): number {
  return process.getActiveResourcesInfo().filter((name) => name === 'TCPSocketWrap').length
}
