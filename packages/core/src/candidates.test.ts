import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Choose } from './backend.ts'
import { candidatesOf } from './candidates.ts'
import { encode } from './dtype.ts'
import type { Graph } from './graph.ts'
import { reference } from './reference/index.ts'
import { choose, chooseFrom, type Sampling } from './sample.ts'

/** Halves and signed zeros, so that there are equals; and numbers that round. */
const logit = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: -8, max: 8 }).map((n) => n / 2) },
  { weight: 4, arbitrary: fc.double({ min: -9, max: 9, noNaN: true }) },
  fc.constantFrom(-0, -Infinity, 5e-324, 80, -1e308),
)
const rows = fc.array(logit, { minLength: 1, maxLength: 90, size: 'max' }).map((list) => Float64Array.from(list))
const sampling = fc.record(
  {
    temperature: fc.constantFrom(0, 1e-3, 0.7, 1, 30),
    topP: fc.oneof(fc.constantFrom(0.25, 0.5, 1), fc.double({ min: 0.01, max: 1, noNaN: true })),
    minP: fc.constantFrom(0, 0.01, 0.5, 1),
    seed: fc.nat(),
  },
  { requiredKeys: [] },
)

function outcome<T>(call: () => T): T | string {
  try {
    return call()
  } catch (error) {
    return String(error)
  }
}

test('the token drawn from candidates is the one drawn from the whole row, errors included', () => {
  const counts = fc.record({ topK: fc.integer({ min: 1, max: 64 }), more: fc.nat(10), generated: fc.nat(50) })
  fc.assert(
    fc.property(rows, sampling, counts, (row, given, { topK, more, generated }) => {
      const sampling: Sampling = { ...given, topK }
      const context = { prompt: [], generated: Array.from({ length: generated }, () => 0) }
      const candidates = candidatesOf(row, Math.min(64, topK + more))
      expect(outcome(() => chooseFrom(candidates, sampling, generated))).toBe(
        outcome(() => choose(row, sampling, context)),
      )
    }),
    { seed: 11, numRuns: 2000 },
  )
})

test('candidates are what sorting gives, and the sum is over the whole row', () => {
  fc.assert(
    fc.property(rows, fc.integer({ min: 1, max: 64 }), (row, k) => {
      const order = [...row.keys()].sort((a, b) => (row[a] === row[b] ? a - b : row[b] < row[a] ? -1 : 1)).slice(0, k)
      const { tokens, logits, logSumExp } = candidatesOf(row, k)
      expect([...tokens]).toEqual(order)
      expect([...logits]).toEqual(order.map((token) => row[token]))
      const largest = row[order[0]]
      const sum = row.reduce((sum, z) => sum + Math.exp(z - largest), 0)
      if (largest === -Infinity) expect(logSumExp).toBe(largest)
      else expect(logSumExp).toBeCloseTo(largest + Math.log(sum), 10)
    }),
    { seed: 12, numRuns: 500 },
  )
})

/** A table whose rows are the logits. */
async function programOf(table: readonly (readonly number[])[]) {
  const shape = [table.length, table[0].length]
  const graph: Graph = {
    weights: { table: { dtype: 'F64', shape } },
    nodes: [{ name: 'logits', op: 'gather', rows: 'tokens', table: 'table' }],
  }
  const read = async () => encode('F64', shape, table.flat())
  return reference().load(graph, { specs: new Map(Object.entries(graph.weights)), read })
}

test('a pass has those of each feed that wants logits, after its last row, and no token', async () => {
  const program = await programOf([
    [1, 3, 2, 3],
    [5, 0, 0, 7],
  ])
  const feeds = [
    { sequence: program.open(8), tokens: Int32Array.of(1, 0), logits: 'all' },
    { sequence: program.open(8), tokens: Int32Array.of(1), logits: 'none' },
    { sequence: program.open(8), tokens: Int32Array.of(1), logits: 'last' },
  ] as const
  const pass = program.submit(feeds, { choose: { topK: 3 }, outputs: [] })
  expect(pass.drawn).toEqual([])
  expect((await pass.candidates(0)).tokens).toEqual(Uint32Array.of(1, 3, 2))
  expect(await pass.candidates(2)).toMatchObject({ tokens: Uint32Array.of(3, 0, 1), logits: Float64Array.of(7, 5, 0) })
  await expect(pass.candidates(1)).rejects.toThrow('feed 1: there are no candidates')
  await expect(pass.candidates(3)).rejects.toThrow('feed 3: there are no candidates')
})

test('a logit that is no number fails the pass; one that is infinite is refused by who draws', async () => {
  const program = await programOf([
    [1, NaN, 2],
    [1, Infinity, 2],
  ])
  const submit = (token: number, choose: Choose) =>
    program.submit([{ sequence: program.open(8), tokens: Int32Array.of(token), logits: 'last' }], { choose })
  const message = 'logits: the value of token 1 is not a number'
  await expect(submit(0, { topK: 1 }).done).rejects.toThrow(message)
  await expect(submit(0, 'greedy').done).rejects.toThrow(message)
  const candidates = await submit(1, { topK: 2 }).candidates(0)
  expect(candidates).toEqual({
    tokens: Uint32Array.of(1, 2),
    logits: Float64Array.of(Infinity, 2),
    logSumExp: Infinity,
  })
  expect(() => chooseFrom(candidates, { temperature: 1, topK: 2 }, 0)).toThrow('the largest is Infinity')
})

test.each([0, 65, 1.5, NaN])('topK %s is refused', async (topK) => {
  const program = await programOf([[1, 2]])
  const feed = { sequence: program.open(8), tokens: Int32Array.of(0), logits: 'last' } as const
  expect(() => program.submit([feed], { choose: { topK } })).toThrow('expected an integer from 1 to 64')
  expect(feed.sequence.length).toBe(0)
})
