import { encode } from '@tramontane/core'
import { describe as suite, expect, it } from 'vitest'
import { assertWithin, describe, judge } from './verdict.ts'

const expected = (bound: number) => ({
  shape: [2, 3],
  values: Float64Array.of(1, 2, 3, 4, 5, 6),
  bounds: new Float64Array(6).fill(bound),
})
const found = (...values: number[]) => encode('F64', [2, 3], values)

suite('verdicts', () => {
  it('names the worst element by row and column', () => {
    const verdict = judge('layers.0.query', found(1, 2.5, 3, 4, 5, 7), expected(0.25))
    expect(verdict).toEqual({ node: 'layers.0.query', ratio: 4, index: [1, 2], found: 7, expected: 6, bound: 0.25 })
    expect(describe(verdict)).toBe('layers.0.query: row 1, column 2: found 7, expected 6, bound 0.25, ratio 4')
    expect(() => assertWithin([verdict])).toThrow('layers.0.query: row 1, column 2: found 7')
  })

  it('passes what is exactly at the bound, and nothing but equality where the bound is 0', () => {
    expect(() => assertWithin([judge('x', found(1, 2, 3, 4, 5, 6.25), expected(0.25))])).not.toThrow()
    expect(judge('x', found(1, 2, 3, 4, 5, 6), expected(0)).ratio).toBe(0)
    expect(judge('x', found(1, 2, 3, 4, 5, 6 + 1e-15), expected(0)).ratio).toBe(Infinity)
  })

  it('takes neither NaN nor infinity for right', () => {
    expect(judge('x', found(1, NaN, 3, 4, 5, 6), expected(1e300)).index).toEqual([0, 1])
    expect(judge('x', found(1, NaN, 3, 4, 5, 6), expected(1e300)).ratio).toBe(Infinity)
    expect(judge('x', found(1, 2, 3, 4, 5, Infinity), expected(1e300)).ratio).toBe(Infinity)
    const endless = { shape: [1, 1], values: Float64Array.of(Infinity), bounds: Float64Array.of(1) }
    expect(judge('x', encode('F64', [1, 1], [Infinity]), endless).ratio).toBe(Infinity)
  })

  it('takes no bound that is endless, negative or not a number', () => {
    for (const bound of [Infinity, -1, NaN])
      expect(judge('x', found(1, 2, 3, 4, 5, 7), expected(bound)).ratio).toBe(Infinity)
  })

  it('gives head, row and column in a pattern', () => {
    const shape = [2, 2, 2]
    const zeros = { shape, values: new Float64Array(8), bounds: new Float64Array(8) }
    const verdict = judge('attention.pattern', encode('F64', shape, [0, 0, 0, 0, 0, 1, 0, 0]), zeros)
    expect(describe(verdict)).toMatch(/^attention.pattern: head 1, row 0, column 1: found 1, expected 0/)
  })

  it('refuses another shape', () => {
    expect(() => judge('x', encode('F64', [1, 3], [1, 2, 3]), expected(1))).toThrow('x: found [1, 3], expected [2, 3]')
  })

  it('refuses a value without its elements', () => {
    const empty = { dtype: 'F64', shape: [2, 3], data: new Float64Array(0) } as const
    expect(() => judge('x', empty, expected(1))).toThrow('x: found 0 elements, expected 6 of [2, 3]')
  })
})
