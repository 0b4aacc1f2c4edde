import { afterAll, afterEach, describe, expect, test } from 'vitest'
import { errorBody, type ChatCompletion, type Completion } from '../schema/responses.ts'
import { idle, servedHandler } from '../served-handler.fixture.ts'
import { tinyServing } from '../tiny-serving.fixture.ts'

const tiny = await tinyServing({ slots: 2, queue: 2 })
afterAll(() => tiny.close())
const { events, ask, ...server } = servedHandler(tiny)

/** What a test leaves open must not fail the next one. */
let hangUp = new AbortController()
const post: typeof server.post = (path, body, init) => server.post(path, body, { signal: hangUp.signal, ...init })

afterEach(async () => {
  tiny.program.failure = undefined
  hangUp.abort()
  hangUp = new AbortController()
  await idle(tiny)
  events.length = 0
  await tiny.engine.probe()
})

const long = { model: 'tiny', messages: [{ role: 'user', content: 'Hello!' }], max_tokens: 400, ignore_eos: true }
const path = '/v1/chat/completions'
const promptTokens = tiny.loaded.chat!.encode([{ role: 'user', content: 'Hello!' }]).length

function reading(response: Response): ReadableStreamDefaultReader<Uint8Array> {
  return response.body!.getReader() as ReadableStreamDefaultReader<Uint8Array>
}

/** Everything that a stream says to its end. */
async function rest(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<string> {
  const decoder = new TextDecoder()
  let text = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return text
    text += decoder.decode(value, { stream: true })
  }
}

/** Resolves when the engine is at work. */
async function begun(tokens = 1): Promise<void> {
  const { generatedTokens } = tiny.engine.state()
  while (tiny.engine.state().generatedTokens < generatedTokens + tokens)
    await new Promise((resolve) => setTimeout(resolve, 1))
}

describe('a client that leaves', () => {
  test('ends a plain request', async () => {
    const stop = new AbortController()
    const reply = post(path, long, { signal: stop.signal })
    await begun()
    stop.abort()
    expect((await reply).status).toBe(499)
    await idle(tiny, 1000)
    expect(events).toMatchObject([{ status: 499, aborted: true, stream: false, promptTokens, finishReasons: [] }])
    expect(events[0]).not.toHaveProperty('error')
  })

  test('ends a stream by its signal, read or not', async () => {
    for (const reads of [0, 1, 3]) {
      const stop = new AbortController()
      const reader = reading(await post(path, { ...long, stream: true }, { signal: stop.signal }))
      for (let i = 0; i < reads; i++) await reader.read()
      const { generatedTokens } = tiny.engine.state()
      stop.abort()
      await idle(tiny, 1000)
      await reader.cancel() // As a server does too; it is told once nevertheless.
      expect(tiny.engine.state().generatedTokens - generatedTokens).toBeLessThanOrEqual(2)
      expect(events.splice(0)).toMatchObject([{ status: 200, aborted: true, stream: true, promptTokens }])
    }
  })

  test('ends a stream by cancelling it, read or not', async () => {
    for (const reads of [0, 1, 3]) {
      const reader = reading(await post(path, { ...long, stream: true, n: 2 }))
      for (let i = 0; i < reads; i++) await reader.read()
      await reader.cancel()
      await idle(tiny, 1000)
      expect(events.splice(0)).toMatchObject([{ status: 200, aborted: true, stream: true }])
    }
  })

  test('before it was answered at all costs nothing', async () => {
    const signal = AbortSignal.abort()
    const { passes } = tiny.engine.state()
    expect((await post(path, long, { signal })).status).toBe(499)
    expect(events).toMatchObject([{ status: 499, aborted: true }])
    expect(tiny.engine.state().passes - passes).toBeLessThanOrEqual(1)
  })

  test('while it waits gives its place in the queue back', async () => {
    const readers = await Promise.all([1, 2].map(async () => reading(await post(path, { ...long, stream: true }))))
    const stop = new AbortController()
    const waits = post(path, long, { signal: stop.signal })
    while (tiny.engine.state().live < 2 || tiny.engine.state().waiting !== 1)
      await new Promise((resolve) => setTimeout(resolve, 1))
    stop.abort()
    expect((await waits).status).toBe(499)
    expect(tiny.engine.state().waiting).toBe(0)
    for (const reader of readers) await reader.cancel()
  })

  test('leaves others their words', async () => {
    const short = { ...long, temperature: 0, max_tokens: 8 }
    const alone = (await (await post(path, short)).json()) as ChatCompletion
    const stop = new AbortController()
    const gone = post(path, { ...long, temperature: 0 }, { signal: stop.signal })
    const stays = post(path, short)
    await begun(2)
    stop.abort()
    await gone
    expect(((await (await stays).json()) as ChatCompletion).choices).toEqual(alone.choices)
  })
})

describe('a full queue', () => {
  test('is told at once, in both modes, and what was accepted ends well', async () => {
    const short = { ...long, max_tokens: 4 }
    const accepted = [1, 2, 3, 4].map(() => post(path, short))
    for (const stream of [true, false]) {
      const response = await post(path, { ...short, stream })
      expect(response.status).toBe(429)
      expect(Number(response.headers.get('retry-after'))).toBeGreaterThan(0)
      const { type, code } = errorBody.parse(await response.json()).error
      expect([type, code]).toEqual(['rate_limit_error', 'queue_full'])
    }
    expect((await Promise.all(accepted)).map(({ status }) => status)).toEqual([200, 200, 200, 200])
  })

  test('takes all choices of a request or none', async () => {
    const inside = (): number => tiny.engine.state().live + tiny.engine.state().waiting
    await post(path, { ...long, stream: true })
    expect([(await post(path, { ...long, n: 4 })).status, inside()]).toEqual([429, 1])
    // There will never be room for so many.
    expect([(await post(path, { ...long, n: 5 })).status, inside()]).toEqual([400, 1])
  })
})

describe('an engine that fails', () => {
  const broken = () => new Error('/secret/path: out of memory')

  test('is a 500 that says nothing of it, and the next request is answered', async () => {
    tiny.program.failure = broken
    const response = await post(path, long, {
      headers: { 'x-request-id': 'this-one' },
    })
    const { error } = errorBody.parse(await response.json())
    expect([response.status, error.type, error.code]).toEqual([500, 'server_error', 'internal_error'])
    expect(error.message).toContain('this-one')
    expect(error.message).not.toContain('secret')
    expect(events).toMatchObject([{ status: 500, aborted: false, error: broken() }])
    expect((await ask('GET', '/health')).status).toBe(503)
    tiny.program.failure = undefined
    expect((await post(path, { ...long, max_tokens: 1 })).status).toBe(200)
    expect((await ask('GET', '/health')).status).toBe(200)
  })

  test('is heard of by health alone, and its recovery too', async () => {
    tiny.program.failure = broken
    const impatient = servedHandler(tiny, { limits: { idle: 0 } })
    expect((await impatient.ask('GET', '/health')).status).toBe(200)
    await tiny.engine.probe().catch(() => {})
    expect((await impatient.ask('GET', '/health')).status).toBe(503)
    await tiny.engine.probe().catch(() => {})
    tiny.program.failure = undefined
    await tiny.engine.probe()
    expect((await impatient.ask('GET', '/health')).status).toBe(200)
  })

  test('in mid-stream says so in the stream, and ends it', async () => {
    const reader = reading(await post(path, { ...long, stream: true, n: 2 }))
    await reader.read()
    await reader.read()
    tiny.program.failure = broken
    const lines = (await rest(reader)).trimEnd().split('\n\n')
    expect(lines.at(-1)).toBe('data: [DONE]')
    const { error } = errorBody.parse(JSON.parse(lines.at(-2)!.slice('data: '.length)))
    expect(error).toMatchObject({ type: 'server_error', code: 'internal_error', param: null })
    expect(error.message).not.toContain('secret')
    expect(events).toMatchObject([{ status: 200, stream: true, aborted: false, error: broken() }])
  })

  test('that hangs is not well, and health says so at once', async () => {
    let open = () => {}
    tiny.program.gate = new Promise((resolve) => (open = resolve))
    const { ask } = servedHandler(tiny, { limits: { passAge: 300 } })
    const reply = post(path, { ...long, max_tokens: 1 })
    await new Promise((resolve) => setTimeout(resolve, 400))
    const started = performance.now()
    expect((await ask('GET', '/health')).status).toBe(503)
    expect(performance.now() - started).toBeLessThan(50)
    open()
    expect((await reply).status).toBe(200)
    expect((await ask('GET', '/health')).status).toBe(200)
  })
})

describe('a server that shuts down', () => {
  const shutdown = new Error('the server is shutting down')

  test('can still say so in a stream', async () => {
    const stop = new AbortController()
    const reader = reading(await post(path, { ...long, stream: true }, { signal: stop.signal }))
    await reader.read()
    stop.abort(shutdown)
    const lines = (await rest(reader)).trimEnd().split('\n\n')
    expect(lines.at(-1)).toBe('data: [DONE]')
    expect(errorBody.parse(JSON.parse(lines.at(-2)!.slice('data: '.length))).error.code).toBe('draining')
    expect(events).toMatchObject([{ status: 200, aborted: false }])
    expect(events[0]).not.toHaveProperty('error')
  })

  test('refuses what it cannot end', async () => {
    const stop = new AbortController()
    const reply = post(path, long, { signal: stop.signal })
    await begun()
    stop.abort(shutdown)
    const response = await reply
    expect([response.status, response.headers.get('retry-after')]).toEqual([503, '5'])
    expect(errorBody.parse(await response.json()).error.code).toBe('draining')
  })
})

describe('what was computed before', () => {
  const question = { model: 'tiny', prompt: 'Once upon a time there was a fox who', temperature: 0, max_tokens: 2 }
  const keyed = servedHandler(tiny, { keys: ['sk-one', 'sk-two'] })

  async function cached(key: string, changes: object = {}): Promise<number> {
    const response = await keyed.post('/v1/completions', { ...question, ...changes }, { key })
    const { usage } = (await response.json()) as Completion
    return usage.prompt_tokens_details.cached_tokens
  }

  test('is reused for the same key and for no other', async () => {
    expect(await cached('sk-one')).toBe(0)
    expect(await cached('sk-one')).toBeGreaterThan(5)
    expect(await cached('sk-two')).toBe(0)
    expect(await cached('sk-two')).toBeGreaterThan(5)
    expect(await cached('sk-one', { prompt: `${question.prompt} ran` })).toBeGreaterThan(5)
    expect(keyed.events.map(({ cachedTokens }) => cachedTokens > 0)).toEqual([false, true, false, true, true])
  })

  test('changes no token of the answer', async () => {
    const fresh = { prompt: 'Quite another text, long enough to be kept', logprobs: 2, max_tokens: 6 }
    const [cold, warm] = [
      await keyed.post('/v1/completions', { ...question, ...fresh }, { key: 'sk-one' }),
      await keyed.post('/v1/completions', { ...question, ...fresh }, { key: 'sk-one' }),
    ]
    const replies = [(await cold.json()) as Completion, (await warm.json()) as Completion]
    expect(replies[1].usage.prompt_tokens_details.cached_tokens).toBeGreaterThan(0)
    expect(replies[1].choices).toEqual(replies[0].choices)
  })
})

describe('the observer', () => {
  test('is told of a stream when it has ended, and not before', async () => {
    const reader = reading(await post(path, { ...long, max_tokens: 5, n: 2, stream: true }))
    await reader.read()
    expect(events).toEqual([])
    await rest(reader)
    expect(events).toMatchObject([
      {
        ...{ route: '/v1/chat/completions', status: 200, stream: true, aborted: false },
        ...{ promptTokens, completionTokens: 10, finishReasons: ['length', 'length'] },
      },
    ])
    expect(events[0].firstTokenMs).toBeGreaterThan(0)
    expect(events[0].ms).toBeGreaterThan(events[0].firstTokenMs!)
  })

  test('learns nothing of what was said', async () => {
    const secret = 'xyzzy-plugh'
    await post(path, { ...long, max_tokens: 1, messages: [{ role: 'user', content: secret }], user: secret })
    await post(path, { ...long, messages: [{ role: secret, content: secret }] })
    expect(events).toHaveLength(2)
    expect(JSON.stringify(events)).not.toContain(secret)
  })
})
