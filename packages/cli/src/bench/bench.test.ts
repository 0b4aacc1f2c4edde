import { reference, remote, serve, type Backend, type BareModel, type Port, type SubmitOptions } from '@tramontane/core'
import { load } from '@tramontane/core/disk'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PresentBackend } from '../worker-backend.ts'
import { bench } from './bench.ts'
import type { Plan } from './plan.ts'
import type { Event, Result } from './report.ts'

const plan: Plan = { prompts: [20], generate: 4, depths: [0, 2], batches: [], repetitions: 3, seconds: null }
const limits = {
  kind: 'a made-up machine',
  stream: 'x',
  bytesPerSecond: 1e9,
  arithmetic: 'y',
  operationsPerSecond: 1e9,
}

let model: BareModel
beforeAll(async () => {
  const folder = fileURLToPath(new URL('../../../../conformance/goldens/tiny/full', import.meta.url))
  model = await load(folder, { tokenizer: false })
})
afterAll(() => model.close())

function entry(name: string, make: () => Backend | Promise<Backend>): PresentBackend {
  const start = async () => ({ backend: await make(), stop: async () => {} })
  return { name, start, threads: 1, chunk: 8, limits: async () => limits }
}

const definition = entry('reference', reference)

/** The reference at the other end of a port. */
const honest = entry('honest', () => {
  const { port1, port2 } = new MessageChannel()
  serve(port2 as unknown as Port, reference())
  return remote(port1 as unknown as Port)
})

/** Takes 2x for x · sigmoid(x). */
const faulty = entry('faulty', () => ({
  ...reference(),
  load(graph, weights) {
    const nodes = graph.nodes.map((node) => {
      return node.op === 'silu' ? ({ name: node.name, op: 'add', a: node.x, b: node.x } as const) : node
    })
    return reference().load({ ...graph, nodes }, weights)
  },
}))

/** Is right about prompts and loses the first layer when it feeds a single token. */
const forgetful = entry('forgetful', () => ({
  ...reference(),
  async load(graph, weights) {
    const program = await reference().load(graph, weights)
    const value = { dtype: 'F64', shape: [1, 32], data: new Float64Array(32) } as const
    const overrides = [{ node: 'layers.0.mlp.residual', value }]
    return {
      graph,
      open: (capacity) => program.open(capacity),
      submit(feeds, options: SubmitOptions = {}) {
        const single = feeds[0].tokens instanceof Int32Array && feeds[0].tokens.length > 1 ? {} : { overrides }
        return program.submit(feeds, { ...options, ...single })
      },
      usage: () => program.usage(),
      dispose: () => program.dispose(),
    }
  },
}))

const broken = entry('broken', () => ({
  ...reference(),
  load: () => Promise.reject(new Error('no device')),
}))

/** A clock on which every look takes ten milliseconds. */
function clock(step = 10): () => number {
  let time = 0
  return () => (time += step)
}

describe('figures', () => {
  it('are medians of the repetitions, with the least work and its shares of the limits', async () => {
    const { backends } = await bench([definition], definition, model, plan, { now: clock() })
    const [{ results, ...backend }] = backends
    expect(backend).toMatchObject({ name: 'reference', valid: true, definition: true, gate: null, limits, error: null })
    expect(results.map(({ name }) => name)).toEqual(['generate 4 at 0', 'generate 4 at 2', 'prompt 20'])
    const found = results[1]
    expect(found.seconds).toEqual([0.01, 0.01, 0.01].map((s) => expect.closeTo(s, 9)))
    // Four tokens in ten milliseconds. Operations by hand in cost.test.ts: 38,760 and 296 for each key of 2, 3, 4, 5.
    expect(found.tokensPerSecond).toEqual({ median: 400, min: 400, max: 400, mad: 0 })
    expect(found.perToken!.operations).toBe(38_760 + 296 * 3.5)
    expect(found.operationsPerSecond).toBe(400 * (38_760 + 296 * 3.5))
    expect(found.share!.arithmetic).toBeCloseTo((400 * (38_760 + 296 * 3.5)) / 1e9, 12)
  })

  it('of a batch are those of all its sequences together, and their ratio to one', async () => {
    const batched = { ...plan, prompts: [], depths: [2], batches: [8] }
    const { backends } = await bench([definition], definition, model, batched, { now: clock() })
    const [one, eight] = backends[0].results
    expect([one.name, eight.name]).toEqual(['generate 4 at 2', 'generate 4 at 2, batch 8'])
    // Eight times four tokens in the ten milliseconds in which the clock lets four go by.
    expect(one.tokensPerSecond!.median).toBe(400)
    expect(eight.tokensPerSecond!.median).toBe(3200)
    expect(eight.overOne).toBe(8)
    expect(one).not.toHaveProperty('overOne')
    // Operations are those of each sequence; the weights are read once for all, and of the table a row for each.
    expect(eight.perToken!.operations).toBe(one.perToken!.operations)
    const cache = 4.5 * backends[0].cacheBytesPerToken!
    const row = 4 * 32
    const weights = one.perToken!.bytes - cache - row
    expect(eight.perToken!.bytes).toBeCloseTo(weights / 8 + cache + row, 9)
  })

  it('are held against the better of the limits before and after', async () => {
    const measured = [
      { ...limits, bytesPerSecond: 3e9, operationsPerSecond: 1e9 },
      { ...limits, bytesPerSecond: 2e9, operationsPerSecond: 4e9 },
    ]
    const backend = { ...definition, limits: async () => measured.shift()! }
    const { backends } = await bench([backend], backend, model, plan, { now: clock() })
    expect(backends[0].limits).toEqual({ ...limits, bytesPerSecond: 3e9, operationsPerSecond: 4e9 })
  })

  it('count the cache in the backend’s own format', async () => {
    const [{ results, cacheBytesPerToken }] = (await bench([definition], definition, model, plan, { now: clock() }))
      .backends
    // Doubles in pages of 16 positions: 20 fed tokens hold two pages of keys and values, 16 wide, in two layers.
    expect(cacheBytesPerToken).toBe((2 * 16 * 2 * 16 * 2 * 8) / 20)
    const weights = 4 * (2 * 7680 + 97 * 32 + 5 * 32 + 32)
    expect(results[1].perToken!.bytes).toBeCloseTo(weights + (3.5 + 1) * cacheBytesPerToken!, 9)
  })

  it('say what was cut or left out when time is short', async () => {
    const run = (seconds: number) => bench([definition], definition, model, { ...plan, seconds }, { now: clock(1000) })
    const amounts = ({ backends }: Awaited<ReturnType<typeof run>>) =>
      backends[0].results.map(({ measured }) => measured)
    expect(amounts(await run(10_000))).toEqual(
      plan.depths.map(() => ({ tokens: 4, repetitions: 3 })).concat([{ tokens: 20, repetitions: 3 }]),
    )
    for (const seconds of [22, 26, 35]) {
      const { results } = (await run(seconds)).backends[0]
      // The first case comes first, and what is left out comes last.
      expect(results[0].measured).not.toBe(null)
      expect(results.at(-1)!.measured).toBe(null)
      expect(results.some(({ measured }) => measured !== null && measured.tokens * measured.repetitions < 12)).toBe(
        true,
      )
      for (const { asked, measured, skipped } of results) {
        expect(asked.repetitions).toBe(3)
        expect(skipped === null).toBe(measured !== null)
      }
    }
    const none = (await run(1)).backends[0].results
    for (const result of none) expect(result).toMatchObject({ measured: null, tokensPerSecond: null, share: null })
    expect(none.every(({ skipped }: Result) => skipped!.includes('no time'))).toBe(true)
  })
})

describe('gate', () => {
  it('lets an honest backend through and holds the wrong ones back, whose figures are still told', async () => {
    const backends = [definition, honest, faulty, forgetful]
    const found = (await bench(backends, definition, model, plan, { now: clock() })).backends
    expect(found.map(({ name, valid }) => [name, valid])).toEqual([
      ['reference', true],
      ['honest', true],
      ['faulty', false],
      ['forgetful', false],
    ])
    expect(found[1].gate).toMatchObject({ positions: 64, agreed: found[1].gate!.decidable })
    expect(found[1].gate!.decidable).toBeGreaterThan(50)
    expect(found[2].gate!.disagreement).not.toBe(null)
    // The first half was fed as a prompt, and right.
    expect(found[3].gate!.disagreement!.position).toBeGreaterThanOrEqual(32)
    for (const { results } of found) expect(results.every(({ tokensPerSecond }) => tokensPerSecond !== null)).toBe(true)
  })

  it('judges a backend also when the reference is not measured', async () => {
    const [{ gate }] = (await bench([honest], definition, model, plan, { now: clock() })).backends
    expect(gate!.passed).toBe(true)
  })
})

it('goes on when a backend fails, and says why', async () => {
  const { backends } = await bench([broken, definition], definition, model, plan, { now: clock() })
  expect(backends[0]).toMatchObject({ valid: false, error: 'no device', results: [] })
  expect(backends[1].valid).toBe(true)
})

it('tells what it does, and stops when it is told to', async () => {
  const events: Event[] = []
  const stop = new AbortController()
  const report = (event: Event) => {
    events.push(event)
    if (event.stage === 'measuring') stop.abort()
  }
  const run = bench([definition], definition, model, plan, { now: clock(), report, signal: stop.signal })
  await expect(run).rejects.toThrow(/abort/)
  expect(events.map(({ stage }) => stage)).toEqual(['limits', 'loading', 'warm-up', 'measuring'])
  expect(events[3]).toMatchObject({ backend: 'reference', detail: 'generate 4 at 0, 1 of 3' })
  expect(events[3].secondsLeft).toBeGreaterThan(0)
})
