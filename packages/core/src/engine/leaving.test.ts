import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Feed, Pass, Program } from '../backend.ts'
import { engine } from './engine.ts'
import type { EngineOptions, GenerationEvent } from './generation.ts'
import { alone, eventsOf, generated, ids, tinyProgram, tokensOf, watched } from './tiny-program.fixture.ts'

let program: Program
beforeAll(async () => {
  program = await tinyProgram()
})
afterAll(() => program.dispose())

const start = (options: Partial<EngineOptions> = {}, on = program) => engine(on, { context: 64, ...options })
/** Sequences are closed behind what was submitted before. */
const bytesLeft = () => new Promise((resolve) => setTimeout(() => resolve(program.usage().cache)))

describe('leaving', () => {
  test('early frees the slot at once, and the pass that nobody else is in is stopped', async () => {
    const passes: Pass[] = []
    const cancel = () => {
      first.cancel()
      expect(loop.state()).toMatchObject({ live: 0, waiting: 1 })
    }
    const watch = (_: readonly Feed[], pass: Pass) => passes.push(pass) === 1 && queueMicrotask(cancel)
    const loop = start({ slots: 1, queue: 1, kept: 0 }, watched(program, watch))
    const [first, second] = loop.submit([
      { prompt: ids(50, 1), maxTokens: 1 },
      { prompt: ids(5, 2), maxTokens: 2 },
    ])
    await first.released
    await expect(passes[0].done).rejects.toThrow()
    expect(tokensOf(await eventsOf(second))).toEqual(await alone(program, { prompt: ids(5, 2) }, 2))
    expect(loop.state().failure).toBeUndefined()
    await loop.close()
    expect(await bytesLeft()).toBe(0)
  })

  test('in the middle of a loop cancels', async () => {
    const loop = start()
    const [generation] = loop.submit([{ prompt: ids(5, 1) }])
    for await (const { type } of generation) if (type === 'token') break
    expect(loop.state().live).toBe(0)
    await loop.close()
  })

  test('by a signal: the reader gets its reason', async () => {
    const loop = start()
    const stop = new AbortController()
    const [generation, other] = loop.submit([
      { prompt: ids(5, 1), signal: stop.signal },
      { prompt: ids(6, 2), maxTokens: 9 },
    ])
    const reading = (async () => {
      for await (const { type } of generation) if (type === 'token') stop.abort(new Error('enough'))
    })()
    await expect(reading).rejects.toThrow('enough')
    expect(tokensOf(await eventsOf(other))).toEqual(await alone(program, { prompt: ids(6, 2) }, 9))
    expect(() => loop.submit([{ prompt: ids(5, 1), signal: AbortSignal.abort() }])).not.toThrow()
    expect(loop.state()).toMatchObject({ live: 0, waiting: 0 })
    await loop.close()
  })

  test('when all has ended, nothing is held but what is kept, and after close nothing', async () => {
    const loop = start({ slots: 3 })
    const requests = [1, 2, 3, 4, 5].map((seed) => ({ prompt: ids(10 + seed, seed), maxTokens: seed }))
    await Promise.all(loop.submit(requests).map(eventsOf))
    expect(program.usage().cache).toBeGreaterThan(0)
    expect(loop.state()).toMatchObject({ live: 0, waiting: 0, kept: 5 })
    await loop.close()
    expect(await bytesLeft()).toBe(0)
    expect(() => loop.submit([{ prompt: ids(3, 1) }])).toThrow('the engine is closed')
  })

  test('close fails those that run and those that wait', async () => {
    const loop = start({ slots: 1 })
    const all = loop.submit([{ prompt: ids(30, 1) }, { prompt: ids(30, 2) }])
    const read = all.map((one) => expect(eventsOf(one)).rejects.toThrow('the engine is closed'))
    await loop.close()
    await Promise.all(read)
    expect(await bytesLeft()).toBe(0)
  })

  test('close for a reason tells it to those that run, and to those that come too late', async () => {
    const loop = start({ slots: 1 })
    const [running] = loop.submit([{ prompt: ids(30, 1) }])
    const read = expect(eventsOf(running)).rejects.toThrow('the device is lost')
    await loop.close(new Error('the device is lost'))
    await read
    expect(() => loop.submit([{ prompt: ids(3, 1) }])).toThrow('the device is lost')
  })
})

describe('a reader who lags', () => {
  test('stops its own text, and no other', async () => {
    const loop = start({ lead: 3 })
    const [slow, quick] = loop.submit([
      { prompt: ids(5, 1), maxTokens: 30 },
      { prompt: ids(6, 2), maxTokens: 30 },
    ])
    await eventsOf(quick)
    const { generatedTokens } = loop.state()
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(loop.state().generatedTokens).toBe(generatedTokens)
    expect(generatedTokens).toBeLessThanOrEqual(30 + 3 + 1) // One more was under way.
    expect(tokensOf(await eventsOf(slow))).toEqual(await alone(program, { prompt: ids(5, 1) }, 30))
    await loop.close()
  })

  test('for too long fails, so that the slot is not held for ever', async () => {
    const loop = start({ lead: 3, patience: 20 })
    const [slow] = loop.submit([{ prompt: ids(5, 1), maxTokens: 30 }])
    await slow.released
    expect(loop.state().live).toBe(0)
    await expect(eventsOf(slow)).rejects.toThrow('the reader has taken nothing for 20 ms')
    await loop.close()
  })
})

describe('a pass that fails', () => {
  test('fails those that were in it; who joined later does not notice', async () => {
    const error = new Error('the device is gone')
    const requests = [1, 2, 3].map((seed) => ({ prompt: ids(8, seed), maxTokens: 9, owner: `${seed}` }))
    const passes: number[] = []
    let third: Promise<GenerationEvent[]> | undefined
    const watch = (feeds: readonly Feed[]) => {
      // The third joins the pass that is submitted before the first has failed.
      if (passes.push(feeds.length) === 1) third = generated(loop, requests[2])
    }
    const loop = start(
      {},
      watched(program, watch, () => (passes.length === 0 ? error : undefined)),
    )
    const first = loop.submit(requests.slice(0, 2))
    const failed = first.map((one) => expect(eventsOf(one)).rejects.toThrow('the device is gone'))
    await Promise.all(failed)
    expect(tokensOf((await third)!)).toEqual(await alone(program, requests[2], 9))
    expect(passes.slice(0, 3)).toEqual([2, 3, 1])
    expect(loop.state()).toMatchObject({ live: 0, failure: undefined })
    await loop.close()
    expect(await bytesLeft()).toBe(0)
  })

  test('shows in the state until one succeeds, and a probe tells the same', async () => {
    let broken = true
    const fails = () => (broken ? new Error('the device is gone') : undefined)
    const loop = start(
      {},
      watched(program, () => {}, fails),
    )
    await expect(generated(loop, { prompt: ids(3, 1) })).rejects.toThrow('the device is gone')
    expect(loop.state().failure).toMatchObject({ message: 'the device is gone' })
    await expect(Promise.all([loop.probe(), loop.probe()])).rejects.toThrow('the device is gone')
    broken = false
    await loop.probe()
    expect(loop.state().failure).toBeUndefined()
    await loop.close()
  })

  test('of a text whose logits are no numbers ends that text alone', async () => {
    const loop = start()
    const bad = {
      prompt: ids(5, 1),
      sampling: { bias: new Map(Array.from({ length: 97 }, (_, id) => [id, -Infinity])) },
    }
    const [first, second] = loop.submit([bad, { prompt: ids(6, 2), maxTokens: 4, logprobs: 0 }])
    await expect(eventsOf(first)).rejects.toThrow('no token is allowed')
    expect(tokensOf(await eventsOf(second))).toEqual(await alone(program, { prompt: ids(6, 2) }, 4))
    await loop.close()
  })
})
