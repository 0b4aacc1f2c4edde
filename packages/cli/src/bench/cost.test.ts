import type { Graph } from '@tramontane/core'
import { load } from '@tramontane/core/disk'
import { fileURLToPath } from 'node:url'
import { expect, it } from 'vitest'
import { cacheElements, passCosts } from './cost.ts'
import { Pace } from './pace.ts'

async function graphOf(name: string): Promise<Graph> {
  const folder = fileURLToPath(new URL(`../../../../conformance/goldens/tiny/${name}`, import.meta.url))
  const model = await load(folder, { tokenizer: false })
  await model.close()
  return model.graph
}

// All by hand, from the sizes in config.json. tiny/full: D 32, H 4, G 2, d 8, F 48, V 97, L 2, F32, untied.
/** Weights of the linears of a layer: query, key, value, output, gate, up, down. */
const layer = 32 * 32 + 16 * 32 + 16 * 32 + 32 * 32 + 48 * 32 + 48 * 32 + 32 * 48

it('counts one token of tiny/full', async () => {
  const costs = passCosts(await graphOf('full'))
  const operations =
    2 * (2 * layer + 97 * 32) + // linears, two operations a weight
    4 * 32 * 5 + // norms: two a layer and the last
    3 * (32 + 16) * 2 + // rope of query and key
    (4 + 1) * 48 * 2 + // silu, mul
    32 * 2 * 2 + // residuals
    (4 * 32 + 5 * 4) * 2 // one key for each of four heads
  expect(operations).toBe(38_760)
  const norms = 5 * 32
  expect(costs({ past: 0, T: 1, R: 1 })).toEqual({
    weightBytes: 4 * (2 * layer + 97 * 32 + norms + 32), // and one row of the embedding
    cacheReads: 0,
    cacheWrites: 2 * (16 + 16),
    operations,
  })
  // Ten tokens before: each is read in both layers, and seen by every head.
  const later = costs({ past: 10, T: 1, R: 1 })
  expect(later).toMatchObject({ cacheReads: 10 * 64, operations: operations + 10 * (4 * 32 + 5 * 4) * 2 })
})

it('counts a chunk without logits up to the last attention only', async () => {
  const found = passCosts(await graphOf('full'))({ past: 0, T: 13, R: 0 })
  const last = 32 * 32 + 16 * 32 + 16 * 32 // query, key and value of the last layer
  const perToken = 2 * (layer + last) + 4 * 32 * 3 + 3 * (32 + 16) * 2 + (4 + 1) * 48 + 32 * 2
  const pairs = (13 * 14) / 2
  expect(found).toEqual({
    weightBytes: 4 * (layer + last + 3 * 32 + 13 * 32),
    cacheReads: 0,
    cacheWrites: 13 * 64,
    operations: 13 * perToken + pairs * (4 * 32 + 5 * 4) * 2,
  })
})

it('counts weights once per pass, however many tokens it feeds', async () => {
  const costs = passCosts(await graphOf('full'))
  const [one, many] = [costs({ past: 0, T: 1, R: 1 }), costs({ past: 0, T: 50, R: 1 })]
  expect(many.weightBytes - one.weightBytes).toBe(49 * 32 * 4) // rows of the embedding
})

it('reads no key that a window hides, and a tied table once', async () => {
  const costs = passCosts(await graphOf('window')) // W 5, BF16, tied, else as above
  expect(costs({ past: 10, T: 1, R: 1 }).cacheReads).toBe(4 * 64)
  const [three, none] = [costs({ past: 10, T: 3, R: 0 }), costs({ past: 0, T: 3, R: 0 })]
  expect(three.cacheReads).toBe(4 * 64)
  expect(three.operations - none.operations).toBe((3 * 5 - (1 + 2 + 3)) * (4 * 32 + 5 * 4) * 2)
  expect(costs({ past: 0, T: 7, R: 1 }).weightBytes).toBe(2 * (2 * layer + 97 * 32 + 5 * 32))
})

it('counts fp8 codes as a byte and their scales', async () => {
  // tiny/fp8: D 48, heads of 16, F 80; one BF16 scale per output channel; everything else BF16, logits included.
  const codes = 2 * (64 * 48 + 32 * 48 + 32 * 48 + 48 * 64 + 3 * 48 * 80)
  const scales = 2 * (64 + 32 + 32 + 48 + 80 + 80 + 48)
  const found = passCosts(await graphOf('fp8'))({ past: 0, T: 1, R: 1 })
  expect(found.weightBytes).toBe(codes + 2 * (scales + 97 * 48 + 5 * 48 + 48))
})

it('adds the passes of a case up', async () => {
  const graph = await graphOf('full')
  const [costs, pace] = [passCosts(graph), new Pace(graph, 8)]
  const parts = [costs({ past: 0, T: 8, R: 0 }), costs({ past: 8, T: 8, R: 0 }), costs({ past: 16, T: 4, R: 1 })]
  const sum = (key: 'operations' | 'weightBytes') => parts.reduce((total, part) => total + part[key], 0)
  const prompt = pace.cost({ kind: 'prompt', tokens: 20, depth: 0 })
  expect(prompt).toMatchObject({ operations: sum('operations'), weightBytes: sum('weightBytes') })
  const generated = pace.cost({ kind: 'generate', tokens: 4, depth: 2 })
  expect(generated).toMatchObject({ operations: 4 * 38_760 + (2 + 3 + 4 + 5) * 296, cacheReads: 14 * 64 })
  expect(cacheElements(graph)).toBe(64)
})

it('guesses what cases take from what others took', async () => {
  const pace = new Pace(await graphOf('full'), 8)
  const prompt = { kind: 'prompt', tokens: 16, depth: 0 } as const
  const step = { kind: 'generate', tokens: 1, depth: 0 } as const
  pace.learn(prompt, 2)
  pace.learn(step, 3)
  expect([pace.seconds(prompt), pace.seconds(step)]).toEqual([2, 3].map((s) => expect.closeTo(s, 12)))
  expect(pace.seconds({ ...step, tokens: 2, depth: 10 })).toBeCloseTo((3 * (2 * 38_760 + 21 * 296)) / 38_760, 9)
  // The prompt leaves 16 tokens: the first of the two depths needs nothing fed, the second the other eight.
  const filling = pace.seconds({ kind: 'prompt', tokens: 8, depth: 16 })
  const [a, b] = [16, 24].map((depth) => ({ ...step, depth }))
  expect(pace.once([prompt, a, b], 0)).toEqual(
    [2, pace.seconds(a), filling + pace.seconds(b)].map((s) => expect.closeTo(s, 12)),
  )
})
