import { describe, expect, it } from 'vitest'
import { ceiling, growth } from './precision.ts'

describe('growth of rounding errors', () => {
  it('is the certain bound up to 64 terms, the likely one beyond', () => {
    expect(growth(2 ** -24, 63)).toBe(ceiling(2 ** -24, 63))
    expect(growth(2 ** -24, 100)).toBe(80 * 2 ** -24)
  })

  it('has no certain bound where all digits may be lost', () => {
    expect(ceiling(2 ** -11, 2047)).toBe(2047)
    expect(ceiling(2 ** -11, 2048)).toBe(Infinity)
    expect(ceiling(2 ** -11, 4000)).toBe(Infinity)
    expect(growth(2 ** -11, 4096)).toBe(8 * 64 * 2 ** -11)
  })
})
