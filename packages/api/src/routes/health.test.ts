import { afterAll, afterEach, expect, test } from 'vitest'
import { errorBody } from '../schema/responses.ts'
import { servedHandler } from '../served-handler.fixture.ts'
import { tinyServing } from '../tiny-serving.fixture.ts'

const tiny = await tinyServing()
afterAll(() => tiny.close())

/** Lets the passes go that a test has held up. */
let release = () => {}
const hold = () => (tiny.program.gate = new Promise((resolve) => (release = resolve)))
const later = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

afterEach(async () => {
  release()
  tiny.program.gate = Promise.resolve()
  tiny.program.failure = undefined
  await tiny.engine.probe().catch(() => {})
  await tiny.engine.probe()
})

async function health(limits: object): Promise<number> {
  const started = performance.now()
  const response = await servedHandler(tiny, { limits }).ask('GET', '/health')
  expect(performance.now() - started).toBeLessThan(200)
  if (response.status !== 200) expect(errorBody.parse(await response.json()).error.code).toBe('unavailable')
  return response.status
}

test('an engine with nothing to do is well, and is left alone', async () => {
  const { ask } = servedHandler(tiny)
  const response = await ask('GET', '/health')
  expect([response.status, await response.json()]).toEqual([200, { status: 'ok' }])
  expect(tiny.engine.state().passAge).toBe(0)
})

test('after a silence a token is tried, and not waited for', async () => {
  hold()
  expect(await health({ idle: 0 })).toBe(200)
  await later(5)
  const { passAge } = tiny.engine.state()
  expect(passAge).toBeGreaterThan(0)
  expect(await health({ idle: 0 })).toBe(200)
  // Still the same one.
  expect(tiny.engine.state().passAge).toBeGreaterThan(passAge)
})

test('an engine that hangs is not well once it has for too long', async () => {
  hold()
  expect(await health({ idle: 0, passAge: 100 })).toBe(200)
  await later(150)
  expect(await health({ idle: 0, passAge: 100 })).toBe(503)
  expect(await health({ passAge: 10_000 })).toBe(200)
})

test('a failure is told until a token has been tried again', async () => {
  tiny.program.failure = () => new Error('out of memory')
  await tiny.engine.probe().catch(() => {})
  tiny.program.failure = undefined
  // The question itself has it tried.
  expect(await health({})).toBe(503)
  await tiny.engine.probe()
  expect(await health({})).toBe(200)
})
