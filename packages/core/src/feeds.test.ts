import { expect, test } from 'vitest'
import { run, type Feed } from './backend.ts'
import { encode } from './dtype.ts'
import { InputError } from './errors.ts'
import type { Graph } from './graph.ts'
import { reference } from './reference/index.ts'

/** A table whose rows are the logits: [3, 2]. */
const shape = [3, 2]
const table = encode('F32', shape, [1, 2, 3, 4, 5, 6])
const graph: Graph = {
  weights: { table: { dtype: 'F32', shape } },
  nodes: [{ name: 'logits', op: 'gather', rows: 'tokens', table: 'table' }],
}
const program = await reference().load(graph, { specs: new Map([['table', table]]), read: async () => table })
const feed = (change: object): Feed =>
  ({ sequence: program.open(1_000_000), tokens: Int32Array.of(0, 1, 2), logits: 'all', ...change }) as Feed

test.each<[string, object, string]>([
  ['a list for tokens', { tokens: [1, 2] }, 'feed 0: expected tokens as an Int32Array'],
  ['no tokens', { tokens: null }, 'feed 0: expected tokens as an Int32Array'],
  ['logits of half a token', { logits: [0.5] }, 'feed 0: logits of token 0.5 are wanted, but 3 tokens are fed'],
  ['logits of no number', { logits: [NaN] }, 'feed 0: logits of token NaN are wanted'],
])('%s', (_, change, message) => {
  expect(() => program.submit([feed(change)])).toThrow(InputError)
  expect(() => program.submit([feed(change)])).toThrow(message)
})

test.each([1.5, NaN, -1, 3])('an override of row %d', (row) => {
  const override = { node: 'logits', rows: [row] as unknown as Int32Array, value: encode('F32', [1, 2], [0, 0]) }
  expect(() => program.submit([feed({})], { overrides: [override] })).toThrow(`row ${row} is outside the 3 rows`)
})

test('more tokens in one feed than a call takes arguments', async () => {
  const tokens = new Int32Array(400_000).fill(1)
  tokens[tokens.length - 1] = 2
  const values = await run(program, [feed({ tokens })])
  const { shape, data } = values.get('logits')!
  expect(shape).toEqual([400_000, 2])
  expect([...data.slice(-4)]).toEqual([3, 4, 5, 6])
})
