import fc from 'fast-check'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Program } from '../backend.ts'
import { QueueFullError } from '../errors.ts'
import { engine } from './engine.ts'
import type { Generation, GenerationRequest } from './generation.ts'
import { alone, tinyProgram } from './tiny-program.fixture.ts'

let programs: readonly Program[]
beforeAll(async () => {
  programs = [await tinyProgram('full'), await tinyProgram('window')]
})
afterAll(() => Promise.all(programs.map((program) => program.dispose())))

/** Prompts begin alike, so that they share prefixes, and part at random places. */
const request = fc.record({
  prompt: fc
    .tuple(fc.nat(30), fc.array(fc.integer({ min: 3, max: 6 }), { minLength: 1, maxLength: 6 }))
    .map(([length, end]) => Int32Array.of(...Array.from({ length }, (_, i) => 10 + (i % 7)), ...end)),
  maxTokens: fc.integer({ min: 0, max: 12 }),
  sampling: fc.oneof(fc.constant({}), fc.record({ temperature: fc.constant(1.2), seed: fc.nat(5) })),
  owner: fc.constantFrom('a', 'b'),
})

/** What its reader does: reads on until so many tokens, dawdling for so many turns after each. */
const reader = fc.record({ leaves: fc.option(fc.nat(12), { nil: Infinity }), dawdles: fc.nat(2), delay: fc.nat(15) })

const options = fc.record({
  slots: fc.integer({ min: 1, max: 4 }),
  queue: fc.integer({ min: 0, max: 20 }),
  kept: fc.integer({ min: 0, max: 3 }),
  lead: fc.integer({ min: 1, max: 5 }),
  stall: fc.constantFrom(1e-6, 250),
  budget: fc.integer({ min: 48, max: 200 }),
})

const turn = () => new Promise((resolve) => setTimeout(resolve))

async function readUntil(generation: Generation, leaves: number, dawdles: number): Promise<number[]> {
  const tokens: number[] = []
  for await (const event of generation) {
    if (event.type === 'token') tokens.push(event.token)
    if (tokens.length >= leaves) break
    for (let i = 0; i < dawdles; i++) await turn()
  }
  return tokens
}

// Properties 25–28 and 50 of docs/http-checks.md's source: whoever comes, goes or dawdles, each text is the one that it is alone.
test('no interleaving changes a text, or leaves anything behind', { timeout: 240_000 }, async () => {
  const twins = new Map<string, Promise<number[]>>()
  const twin = (program: Program, one: GenerationRequest) => {
    const key = JSON.stringify([programs.indexOf(program), [...one.prompt], one.sampling])
    if (!twins.has(key)) twins.set(key, alone(program, one, 12))
    return twins.get(key)!
  }
  const all = fc.array(fc.tuple(request, reader), { minLength: 1, maxLength: 14 })
  const property = fc.asyncProperty(fc.nat(1), options, all, async (which, { budget, ...asked }, clients) => {
    const program = programs[which]
    const cacheBudget = budget * program.usage().position
    const loop = engine(program, { context: 48, cacheBudget, ...asked })
    const client = async ([one, { leaves, dawdles, delay }]: (typeof clients)[number]) => {
      for (let i = 0; i < delay; i++) await turn()
      let generation: Generation
      try {
        ;[generation] = loop.submit([one])
      } catch (error) {
        expect(error).toBeInstanceOf(QueueFullError)
        return
      }
      const { live, waiting, cacheBytes } = loop.state()
      expect(live).toBeLessThanOrEqual(asked.slots)
      expect(waiting).toBeLessThanOrEqual(asked.queue + asked.slots)
      expect(cacheBytes).toBeLessThanOrEqual(cacheBudget)
      const tokens = await readUntil(generation, leaves, dawdles)
      const most = Math.min(one.maxTokens, Math.max(leaves, tokens.length))
      expect(tokens).toEqual((await twin(program, one)).slice(0, most))
    }
    await Promise.all(clients.map(client))
    expect(loop.state()).toMatchObject({ live: 0, waiting: 0, failure: undefined })
    expect(loop.state().kept).toBeLessThanOrEqual(asked.kept)
    await loop.close()
    await turn()
    expect(program.usage().cache).toBe(0)
  })
  await fc.assert(property, { seed: 5, numRuns: 80 })
})
