import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Program } from '../backend.ts'
import { engine } from './engine.ts'
import type { Engine, EngineOptions, GenerationRequest } from './generation.ts'
import { alone, generated, ids, tinyProgram, tokensOf } from './tiny-program.fixture.ts'

let program: Program
let windowed: Program
beforeAll(async () => {
  program = await tinyProgram()
  windowed = await tinyProgram('window')
})
afterAll(async () => {
  await program.dispose()
  await windowed.dispose()
})

const start = (options: Partial<EngineOptions> = {}, on = program) => engine(on, { context: 64, ...options })

describe('prefixes', () => {
  const cached = async (loop: Engine, request: GenerationRequest) => {
    const events = await generated(loop, { maxTokens: 4, ...request })
    expect(tokensOf(events)).toEqual(await alone(program, request, 4))
    return events[0].type === 'prompt' && events[0].cached
  }

  test('are reused: by the same prompt, by one that goes on, by one that parts from it', async () => {
    const loop = start()
    const prompt = ids(20, 1)
    expect(await cached(loop, { prompt })).toBe(0)
    expect(await cached(loop, { prompt })).toBe(19) // The last token's row has to be computed.
    const more = Int32Array.of(...prompt, ...(await alone(program, { prompt }, 4)), 50, 51)
    expect(await cached(loop, { prompt: more })).toBe(23) // The last of the four tokens was drawn, not fed.
    expect(await cached(loop, { prompt: Int32Array.of(...prompt.subarray(0, 12), 90, 91) })).toBe(12)
    expect(await cached(loop, { prompt: more })).toBe(25)
    await loop.close()
  })

  test('never across owners', async () => {
    const loop = start()
    const prompt = ids(20, 1)
    expect(await cached(loop, { prompt, owner: 'a' })).toBe(0)
    expect(await cached(loop, { prompt, owner: 'b' })).toBe(0)
    expect(await cached(loop, { prompt })).toBe(0)
    expect(await cached(loop, { prompt, owner: 'b' })).toBe(19)
    await loop.close()
  })

  test('nor where the prompt’s log-probabilities are asked for', async () => {
    const loop = start()
    expect(await cached(loop, { prompt: ids(20, 1) })).toBe(0)
    expect(await cached(loop, { prompt: ids(20, 1), promptLogprobs: true })).toBe(0)
    await loop.close()
  })

  test('the longest unused goes first when there are too many, or too many bytes', async () => {
    const loop = start({ kept: 2 })
    for (const owner of ['a', 'b', 'a', 'c']) await cached(loop, { prompt: ids(20, 1), owner })
    expect(loop.state().kept).toBe(2)
    expect(await cached(loop, { prompt: ids(20, 1), owner: 'a' })).toBe(19)
    expect(await cached(loop, { prompt: ids(20, 1), owner: 'b' })).toBe(0)
    await loop.close()
    const { position } = program.usage()
    const tight = start({ cacheBudget: 30 * position })
    await cached(tight, { prompt: ids(20, 1), owner: 'a' })
    await cached(tight, { prompt: ids(20, 1), owner: 'b' })
    expect(tight.state()).toMatchObject({ kept: 1, cacheBytes: 23 * position })
    expect(await cached(tight, { prompt: ids(20, 1), owner: 'b' })).toBe(19)
    expect(await cached(tight, { prompt: Int32Array.of(...ids(20, 1), 96, 96), owner: 'b' })).toBe(20)
    await tight.close()
  })

  test('are not gone back to where a window has let the keys go', async () => {
    const loop = engine(windowed, { context: 300 })
    const request = { prompt: ids(150, 1), maxTokens: 3 }
    const expected = await alone(windowed, request, 3)
    expect(tokensOf(await generated(loop, request))).toEqual(expected)
    const early = { prompt: Int32Array.of(...request.prompt.subarray(0, 20), 9), maxTokens: 3 }
    const events = await generated(loop, early)
    expect(events[0]).toMatchObject({ cached: 0 })
    expect(tokensOf(events)).toEqual(await alone(windowed, early, 3))
    expect((await generated(loop, request))[0]).toMatchObject({ cached: 149 })
    await loop.close()
  })
})
