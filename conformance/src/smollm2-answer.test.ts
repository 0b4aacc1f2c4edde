import { tensor, type Tensor } from '@tramontane/core'
import { describe, expect, it } from 'vitest'
import { choices, errors, norms, type Answer } from './smollm2-answer.ts'

const golden = tensor('F64', [1, 4], Float64Array.of(3, 4, 12, 0))

/** Two tokens, the largest two of four known; the first row is known whole. */
function answer(...data: number[]): Answer {
  const logits = tensor('F64', [2, 4], Float64Array.from(data))
  const top: Tensor = tensor('F64', [2, 2], Float64Array.of(12, 4, 5, 4))
  const sums = [golden.data, [5, 4, 0, 0]].map((row) => Math.log([...row].reduce((sum, x) => sum + Math.exp(x), 0)))
  return {
    positions: [0, 1],
    logits,
    norms: norms(logits, golden),
    full: [0],
    whole: golden,
    ids: [2, 1, 0, 1],
    top,
    sums,
  }
}

const right = [3, 4, 12, 0, 5, 4, 0, 0]

describe('an answer beside the golden', () => {
  it('is right', () => {
    for (const [what, error] of errors(answer(...right))) expect(error, what).toBeCloseTo(0, 15)
    expect(choices(answer(...right), 0.01)).toEqual({ decidable: 2, wrong: [] })
  })

  it('errs by shares of the norm of its row', () => {
    const found = new Map(errors(answer(3, 4, 12, 1.3, 5, 4, 0, 0)))
    expect(found.get('logits')).toBeCloseTo(0.1, 15)
    expect(found.get('top.logits')).toBe(0)
    expect(new Map(errors(answer(3, 4, 12, 0, 5, 7, 0, 0))).get('top.logits')).toBeCloseTo(3 / Math.hypot(5, 7), 15)
  })

  it('chooses wrongly only where the choice is decidable', () => {
    const other = answer(3, 4, 12, 0, 5, 4, 6, 0)
    expect(choices(other, 0.01)).toEqual({ decidable: 2, wrong: [1] })
    expect(choices(other, 0.1)).toEqual({ decidable: 1, wrong: [] })
  })

  it('gets no wider bound from garbage in its row', () => {
    const garbage = answer(3, 4, 12, 0, 5, 6, 0, -1e30)
    expect(garbage.norms).toEqual([13, 26])
    expect(new Map(errors(garbage)).get('top.logits')).toBeCloseTo(2 / 26, 15)
    expect(choices(garbage, 0.01)).toEqual({ decidable: 2, wrong: [1] })
  })
})
