import { afterAll, expect, test } from 'vitest'
import { InputError } from '@tramontane/core'
import { idle, servedHandler } from '../served-handler.fixture.ts'
import type { Prompts } from '../serving.ts'
import { tinyServing } from '../tiny-serving.fixture.ts'

const tiny = await tinyServing({ slots: 2, queue: 2 })
afterAll(() => tiny.close())

/** Texts that begin with "wait" are encoded when nobody waits for them any more; "bad" ones are refused. */
function watched() {
  const begun: string[] = []
  const encode = async (text: string, { signal }: { signal?: AbortSignal } = {}): Promise<Int32Array> => {
    begun.push(text)
    if (text === 'bad') throw new InputError('not like that')
    if (!text.startsWith('wait')) return Int32Array.of(5)
    return new Promise((_, reject) => signal!.addEventListener('abort', () => reject(signal!.reason as Error)))
  }
  const prompts: Prompts = {
    tools: false,
    chat: ([{ content }], options) => encode(content ?? '', options),
    text: encode,
  }
  return { begun, ...servedHandler({ ...tiny, model: { ...tiny.model, prompts } }) }
}

const wait = { messages: [{ role: 'user', content: 'wait' }] }

test.each([
  ['/v1/chat/completions', wait],
  ['/v1/completions', { prompt: ['wait', 'wait more'] }],
  ['/tokenize', { prompt: 'wait' }],
  ['/tokenize', wait],
])('%s: who leaves while a text is encoded is let go at once', async (path, body) => {
  const { post, begun, events } = watched()
  const leaving = new AbortController()
  const reply = post(path, { model: 'tiny', ...body }, { signal: leaving.signal })
  while (begun.length === 0) await new Promise((resolve) => setTimeout(resolve, 1))
  leaving.abort()
  expect((await reply).status).toBe(499)
  expect(begun).toEqual(['wait'])
  expect(events).toMatchObject([{ status: 499, aborted: true }])
  expect(events[0]).not.toHaveProperty('error')
  await idle(tiny)
})

test('where one of several texts is refused, those behind it are not begun', async () => {
  const { post, begun } = watched()
  const reply = await post('/v1/completions', { model: 'tiny', prompt: ['a', 'bad', 'b'] })
  expect(reply.status).toBe(400)
  expect(begun).toEqual(['a', 'bad'])
})
