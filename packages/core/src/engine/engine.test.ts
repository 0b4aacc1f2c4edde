import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { run, type Feed, type Pass, type Program } from '../backend.ts'
import { decode } from '../dtype.ts'
import { InputError, QueueFullError } from '../errors.ts'
import { tokenLogprobs } from '../logprobs.ts'
import { engine } from './engine.ts'
import type { EngineOptions, EngineState, GenerationEvent, GenerationRequest } from './generation.ts'
import { alone, eventsOf, generated, ids, tinyProgram, tokensOf, watched } from './tiny-program.fixture.ts'

let program: Program
beforeAll(async () => {
  program = await tinyProgram()
})
afterAll(() => program.dispose())

const start = (options: Partial<EngineOptions> = {}, on = program) => engine(on, { context: 64, ...options })

describe('one request', () => {
  test.each([
    ['greedy', {}],
    ['with a seed', { temperature: 0.9, topP: 0.9, seed: 7 }],
    ['with penalties', { frequencyPenalty: 1.5, presencePenalty: 0.5, repetitionPenalty: 1.3 }],
  ])('gives the tokens that it gives alone, %s', async (_, sampling) => {
    const request = { prompt: ids(9, 1), maxTokens: 12, sampling }
    const loop = start()
    expect(tokensOf(await generated(loop, request))).toEqual(await alone(program, request, 12))
    await loop.close()
  })

  test('tells the prompt first and the reason last', async () => {
    const loop = start()
    const events = await generated(loop, { prompt: ids(5, 2), maxTokens: 3 })
    expect(events.map(({ type }) => type)).toEqual(['prompt', 'token', 'token', 'token', 'end'])
    expect(events.at(-1)).toEqual({ type: 'end', reason: 'length' })
    const [, , token] = tokensOf(events)
    const ended = await generated(loop, { prompt: ids(5, 2), maxTokens: 30, end: [token] })
    expect(ended.at(-1)).toEqual({ type: 'end', reason: 'stop' })
    expect(tokensOf(ended)).toEqual(tokensOf(events))
    await loop.close()
  })

  test('of no tokens ends at once', async () => {
    const loop = start()
    expect((await generated(loop, { prompt: ids(5, 2), maxTokens: 0 })).map(({ type }) => type)).toEqual([
      'prompt',
      'end',
    ])
    expect(loop.state().passes).toBe(0)
    await loop.close()
  })

  test('fills the context and no more: its last token need not be fed', async () => {
    const loop = start({ context: 20 })
    const events = await generated(loop, { prompt: ids(15, 3) })
    expect(tokensOf(events)).toEqual(await alone(program, { prompt: ids(15, 3) }, 6))
    await loop.close()
  })

  test('reports log-probabilities of the prompt and of what is drawn, as the model gives them', async () => {
    const prompt = ids(40, 4)
    const loop = start()
    const request = { prompt, maxTokens: 2, logprobs: 3, promptLogprobs: true, sampling: { bias: new Map([[5, 100]]) } }
    const [told, first] = await generated(loop, request)
    const sequence = program.open(64)
    const logits = (await run(program, [{ sequence, tokens: prompt, logits: 'all' }])).get('logits')!
    sequence.close()
    const row = (t: number) => decode(logits).subarray(t * 97, (t + 1) * 97)
    const expected = [...prompt.subarray(1)].map((token, t) => ({ token, ...tokenLogprobs(row(t), token, 3) }))
    expect(told).toEqual({ type: 'prompt', cached: 0, logprobs: [null, ...expected] })
    expect(first).toEqual({ type: 'token', token: 5, ...tokenLogprobs(row(39), 5, 3) })
    await loop.close()
  })

  test('without a token to draw still tells the prompt’s log-probabilities', async () => {
    const loop = start()
    const [told, end] = await generated(loop, { prompt: ids(4, 1), maxTokens: 0, promptLogprobs: true })
    expect(told).toMatchObject({ type: 'prompt', logprobs: [null, {}, {}, {}] })
    expect(end).toEqual({ type: 'end', reason: 'length' })
    await loop.close()
  })
})

describe('requests that can never run are refused', () => {
  test.each([
    [{ prompt: Int32Array.of() }, 'the prompt is empty'],
    [{ prompt: ids(65, 1) }, 'the prompt has 65 tokens, but the context has room for 64'],
    [{ prompt: Int32Array.of(1, 97) }, 'prompt: token 1 is 97, outside the vocabulary of 97'],
    [{ prompt: ids(3, 1), maxTokens: -1 }, 'maxTokens is -1, expected an integer ≥ 0'],
    [{ prompt: ids(3, 1), logprobs: 1.5 }, 'logprobs is 1.5'],
    [{ prompt: ids(3, 1), sampling: { topP: 2 } }, 'topP is 2'],
  ])('%#', (request, message) => {
    const loop = start()
    expect(() => loop.submit([{ prompt: ids(3, 1) }, request])).toThrow(message)
    expect(loop.state()).toMatchObject({ live: 0, waiting: 0 })
  })

  test('such as one that needs more keys and values than there may be', async () => {
    const { position } = program.usage()
    expect(position).toBe(2 * 2 * 2 * 8 * 8) // layers · (key, value) · heads · width · bytes
    const loop = start({ cacheBudget: 10 * position })
    expect(() => loop.submit([{ prompt: ids(6, 1), maxTokens: 6 }])).toThrow(`need ${11 * position} bytes`)
    expect(tokensOf(await generated(loop, { prompt: ids(6, 1), maxTokens: 5 }))).toHaveLength(5)
    await loop.close()
  })
})

describe('many requests', () => {
  test('beyond slots and queue are refused, all or none', async () => {
    const loop = start({ slots: 2, queue: 1 })
    const request = { prompt: ids(5, 1), maxTokens: 4 }
    const first = loop.submit([request, request])
    expect(() => loop.submit([request, request])).toThrow(QueueFullError)
    const second = loop.submit([request])
    expect(loop.state().waiting + loop.state().live).toBe(3)
    const all = await Promise.all([...first, ...second].map(eventsOf))
    for (const events of all) expect(tokensOf(events)).toEqual(await alone(program, request, 4))
    expect(loop.state()).toMatchObject({ live: 0, waiting: 0 })
    await loop.close()
  })

  test('of more than there ever is room for is told so', async () => {
    const loop = start({ slots: 2, queue: 1 })
    const four = Array.from({ length: 4 }, () => ({ prompt: ids(5, 1) }))
    expect(() => loop.submit(four)).toThrow(new InputError('4 requests at once, but slots and queue have room for 3'))
    await loop.close()
  })

  test('a long prompt shares every pass with the texts that run', async () => {
    const passes: (readonly Feed[])[] = []
    let long: Promise<GenerationEvent[]> | undefined
    const watch = (feeds: readonly Feed[]) => {
      if (passes.push(feeds) === 3) long = generated(loop, { prompt: ids(60, 6), maxTokens: 1, logprobs: 0 })
    }
    const loop = start({ stall: 1e-6 }, watched(program, watch))
    const text = await generated(loop, { prompt: ids(3, 5), maxTokens: 40, logprobs: 0 })
    expect(tokensOf(text)).toEqual(await alone(program, { prompt: ids(3, 5) }, 40))
    expect(tokensOf((await long)!)).toEqual(await alone(program, { prompt: ids(60, 6) }, 1))
    const lengths = passes.map((feeds) => feeds.map(({ tokens }) => (tokens as Int32Array).length))
    const mixed = lengths.filter((counts) => counts.length === 2)
    // 60 tokens in pieces of 8, each beside a token of the text.
    expect(mixed).toEqual([...Array.from({ length: 7 }, () => [1, 8]), [1, 4]])
    await loop.close()
  })

  test('the same prompt is read once for all that want to go on with it', async () => {
    let fed = 0
    const count = (feeds: readonly Feed[]) => feeds.forEach(({ tokens }) => (fed += (tokens as Int32Array).length))
    const loop = start({ slots: 4 }, watched(program, count))
    const requests = [1, 2, 3, 4].map((seed) => {
      return { prompt: ids(40, 7), maxTokens: 2, logprobs: 0, sampling: { temperature: 1, seed } }
    })
    const all = await Promise.all(loop.submit(requests).map(eventsOf))
    for (const [i, events] of all.entries()) expect(tokensOf(events)).toEqual(await alone(program, requests[i], 2))
    expect(fed).toBe(40 + 3 * 1 + 4 * 1)
    await loop.close()
  })

  test('wait for room among the keys and values, in their order', async () => {
    const { position } = program.usage()
    const states: EngineState[] = []
    const watch = () => states.push(loop.state())
    const loop = start({ slots: 4, cacheBudget: 30 * position, kept: 4 }, watched(program, watch))
    const requests = [20, 15, 5].map((length) => ({ prompt: ids(length, length), maxTokens: 5, owner: `${length}` }))
    const order: number[] = []
    const all = loop.submit(requests).map((one, i) => eventsOf(one).then((events) => (order.push(i), events)))
    for (const [i, events] of (await Promise.all(all)).entries())
      expect(tokensOf(events)).toEqual(await alone(program, requests[i], 5))
    expect(order[0]).toBe(0)
    expect(states[0]).toMatchObject({ live: 1, waiting: 2, cacheBytes: 24 * position })
    expect(states.some(({ live }) => live === 2)).toBe(true)
    expect(Math.max(...states.map(({ cacheBytes }) => cacheBytes))).toBeLessThanOrEqual(30 * position)
    await loop.close()
  })
})

describe('what is submitted before it is read', () => {
  async function mostUnderWay(request: GenerationRequest) {
    let [now, most] = [0, 0]
    const chosen: unknown[] = []
    const count = (_: readonly Feed[], pass: Pass, choose: unknown) => {
      chosen.push(JSON.stringify(choose))
      most = Math.max(most, ++now)
      void pass.done.finally(() => now--)
    }
    const loop = start({}, watched(program, count))
    const tokens = tokensOf(await generated(loop, request))
    expect(tokens).toEqual(await alone(program, request, 8))
    await loop.close()
    return { most, chosen: new Set(chosen) }
  }

  test('a greedy text is drawn on the device, one step ahead', async () => {
    const found = await mostUnderWay({ prompt: ids(6, 8), maxTokens: 8 })
    expect(found).toEqual({ most: 2, chosen: new Set(['"greedy"']) })
  })

  test.each([
    ['log-probabilities', { logprobs: 0 }],
    ['a temperature', { sampling: { temperature: 1, seed: 3 } }],
    ['a top-k that is too large', { sampling: { temperature: 1, seed: 3, topK: 65 } }],
    ['a top-k with log-probabilities', { sampling: { temperature: 1, seed: 3, topK: 5 }, logprobs: 1 }],
    ['a top-k with a penalty', { sampling: { temperature: 1, seed: 3, topK: 5, repetitionPenalty: 2 } }],
    ['a penalty', { sampling: { presencePenalty: 1 } }],
    ['a bias', { sampling: { bias: new Map([[9, 3]]) } }],
  ])('what needs its logits is not: %s', async (_, more) => {
    const found = await mostUnderWay({ prompt: ids(6, 8), maxTokens: 8, ...more })
    expect(found).toEqual({ most: 1, chosen: new Set([undefined]) })
  })

  test('a text with a top-k is drawn from so many tokens, when they are read', async () => {
    const sampling = { temperature: 1.5, topK: 64, topP: 0.9, seed: 3 }
    const found = await mostUnderWay({ prompt: ids(6, 8), maxTokens: 8, sampling })
    expect(found).toEqual({ most: 1, chosen: new Set(['{"topK":64}']) })
  })

  test('texts together ask for what is enough for all of them', async () => {
    const chosen: unknown[] = []
    const loop = start(
      {},
      watched(program, (_feeds, _pass, choose) => chosen.push(choose)),
    )
    const requests = [
      { prompt: ids(6, 8), maxTokens: 4 },
      { prompt: ids(6, 9), maxTokens: 6, sampling: { temperature: 1, topK: 3, seed: 1 } },
      { prompt: ids(6, 7), maxTokens: 8, sampling: { temperature: 1, topK: 7, seed: 2 } },
      { prompt: ids(6, 5), maxTokens: 2, sampling: { temperature: 1, seed: 2 } },
    ]
    const texts = await Promise.all(loop.submit(requests).map(eventsOf))
    for (const [i, events] of texts.entries())
      expect(tokensOf(events)).toEqual(await alone(program, requests[i], requests[i].maxTokens))
    expect(chosen[0]).toBe(undefined)
    expect(chosen.at(-1)).toEqual({ topK: 7 })
    await loop.close()
  })
})
