import { afterAll, beforeAll, expect, test } from 'vitest'
import { byteServing } from './byte-serving.fixture.ts'
import { handler } from './handler.ts'
import { answers, ask, connections, dice, heldBytes, question, visit, type Reply } from './load.fixture.ts'
import { eventually, sleep } from './node/listen.fixture.ts'
import { listen, type Listening } from './node/listen.ts'
import type { RequestEvent } from './observer.ts'

const slots = 8
const queue = 32
/** In milliseconds, for hangs alone: nothing here is a matter of speed. */
const patience = 300_000

let serving: Awaited<ReturnType<typeof byteServing>>
let server: Listening
let begun = 0
const finished: RequestEvent[] = []

beforeAll(async () => {
  serving = await byteServing({ slots, queue })
  const observer = { finished: (event: RequestEvent) => void finished.push(event) }
  const answer = handler({ serving: () => serving, observer })
  const counted = (request: Request): Promise<Response> => {
    begun++
    return answer(request)
  }
  server = await listen({ handler: counted, port: 0 })
})

afterAll(async () => {
  await server.drain(1000)
  await serving.close()
})

/** The same work for so many clients at once, each with its own dice. */
async function clients(count: number, work: (roll: ReturnType<typeof dice>) => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: count }, (_, i) => work(dice(i))))
}

/** Waits until nothing runs, waits or is connected, and every request has been reported, once. */
async function quiet(): Promise<void> {
  const { engine } = serving
  await eventually(() => engine.state().live + engine.state().waiting === 0, patience)
  await eventually(() => connections() === 0, patience)
  await eventually(() => finished.length >= begun, patience)
  expect(finished).toHaveLength(begun)
  expect(new Set(finished.map(({ id }) => id)).size).toBe(begun)
  const { kept, cacheBytes, cacheBudget, failure } = engine.state()
  expect(failure).toBeUndefined()
  expect(kept).toBeLessThanOrEqual(2 * slots)
  expect(cacheBytes).toBeLessThanOrEqual(cacheBudget)
}

test('64 clients with 20 requests each: whole answers, the same as alone, or 429', { timeout: patience }, async () => {
  const questions = Array.from({ length: 20 }, (_, i) => question(i))
  const alone: string[][] = []
  for (const body of questions) alone.push(answers(await ask(server.url, body)))

  const refused: Reply[] = []
  // Until somebody has been refused, nobody is answered: there are more clients than places.
  serving.program.gate = eventually(() => refused.length > 0, patience)
  await clients(64, async (roll) => {
    for (let asked = 0; asked < 20; asked++) {
      const which = roll(20)
      const reply = await ask(server.url, { ...questions[which], stream: roll(2) === 0 })
      if (reply.status === 200) expect(answers(reply)).toEqual(alone[which])
      else {
        refused.push(reply)
        await sleep(roll(20))
      }
    }
  })

  const kinds = new Set(refused.map(({ status, retryAfter, text }) => `${status} ${retryAfter} ${text}`))
  expect([...kinds]).toEqual([expect.stringMatching(/^429 1 \{"error":.*"code":"queue_full"\}\}$/)])
  expect(refused.length).toBeLessThan(64 * 20 - slots - queue)
  await quiet()
})

test('2,000 clients that leave at any point leave nothing behind', { timeout: patience }, async () => {
  const before = heldBytes()
  await clients(16, async (roll) => {
    for (let visits = 0; visits < 125; visits++) await visit(server.url, roll)
  })
  await quiet()
  // A request, its prompt and its sockets are more than 10 KB: 2,000 of them would be seen.
  expect(heldBytes() - before).toBeLessThan(8 * 2 ** 20)
  expect(finished.filter(({ aborted }) => aborted).length).toBeGreaterThan(200)
  expect(finished.filter(({ status }) => status >= 500)).toEqual([])
  expect((await ask(server.url, question(0))).status).toBe(200)
  await quiet()
})

test('closing gives back every key and value', async () => {
  await serving.engine.close()
  await eventually(() => serving.program.usage().cache === 0)
  expect(serving.engine.state()).toMatchObject({ live: 0, waiting: 0, kept: 0, cacheBytes: 0 })
})
