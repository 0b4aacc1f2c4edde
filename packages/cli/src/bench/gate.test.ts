import { encode } from '@tramontane/core'
import { expect, it } from 'vitest'
import { judge, topsOf, type Top } from './gate.ts'

it('finds the likeliest token and its lead over the second', () => {
  const tops = topsOf(encode('F64', [3, 3], [0, 3, 4, 5, 5, 0, NaN, 9, 0]))
  expect(tops).toEqual([
    { id: 2, margin: 1 / 5 },
    { id: 0, margin: 0 },
    { id: -1, margin: 0 },
  ])
})

const top = (id: number, margin: number): Top => ({ id, margin })

it('asks for all decidable positions, and for no other', () => {
  const expected = [top(1, 0.5), top(2, 1e-3), top(3, 0.0011)]
  expect(judge([top(1, 0), top(9, 0), top(3, 0)], expected)).toEqual({
    positions: 3,
    decidable: 2,
    agreed: 2,
    passed: true,
    disagreement: null,
  })
  expect(judge([top(1, 0), top(2, 0), top(4, 0)], expected)).toMatchObject({
    agreed: 1,
    passed: false,
    disagreement: { position: 2, expected: 3, found: 4 },
  })
})

it('passes nobody where nothing decides', () => {
  expect(judge([top(1, 1)], [top(1, 0)]).passed).toBe(false)
})
