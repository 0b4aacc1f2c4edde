import { expect, it } from 'vitest'
import type { Graph, Node } from './graph.ts'
import { scheduler } from './schedule.ts'

const nodes: Node[] = [
  { name: 'x', op: 'gather', rows: 'tokens', table: 't' },
  { name: 'seen', op: 'attention', query: 'x', key: 'x', value: 'x', heads: 1, kvHeads: 1, window: null },
  { name: 'aside', op: 'silu', x: 'x' },
  { name: 'sum', op: 'add', a: 'x', b: 'seen' },
  { name: 'rows', op: 'gather', rows: 'rows', table: 'sum' },
  { name: 'logits', op: 'linear', x: 'rows', weight: 'w', scale: null, bias: null },
]
const graph: Graph = { nodes, weights: {} }
const names = (list: readonly Node[]): string[] => list.map(({ name }) => name)

it('takes what is wanted and what remembers, and lets each value go where it is used last', () => {
  const schedule = scheduler(graph, new Set(['rows', 'logits']))
  const { nodes, released } = schedule(new Set(['logits']), true)
  expect(names(nodes)).toEqual(['x', 'seen', 'sum', 'rows', 'logits'])
  expect(released.map((list) => list.filter((name) => names(nodes).includes(name)))).toEqual([
    [],
    [],
    ['x', 'seen'],
    ['sum'],
    ['rows', 'logits'],
  ])
  expect(names(schedule(new Set(['aside']), true).nodes)).toEqual(['x', 'seen', 'aside'])
  expect(names(schedule(new Set(['logits']), false).nodes)).toEqual(['x', 'seen'])
})

it('is made once for what is wanted, whatever the order, and forgets in time', () => {
  const schedule = scheduler(graph, new Set())
  const first = schedule(new Set(['logits', 'aside']), true)
  expect(schedule(new Set(['aside', 'logits']), true)).toBe(first)
  for (let i = 0; i < 20; i++) schedule(new Set([`no ${i}`]), true)
  const again = schedule(new Set(['aside', 'logits']), true)
  expect(again).not.toBe(first)
  expect(again).toEqual(first)
})
