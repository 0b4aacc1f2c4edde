import { expect, it } from 'vitest'
import { median, spread } from './statistics.ts'

it('takes the middle value, and the mean of the middle two', () => {
  expect(median([3, 1, 2])).toBe(2)
  expect(median([4, 1, 3, 2])).toBe(2.5)
  expect(median([10, 9])).toBe(9.5)
  expect(() => median([])).toThrow(RangeError)
})

it('measures the spread by the median absolute deviation', () => {
  // The worked example of the Wikipedia article on the median absolute deviation.
  expect(spread([1, 1, 2, 2, 4, 6, 9])).toEqual({ median: 2, min: 1, max: 9, mad: 1 })
  expect(spread([5])).toEqual({ median: 5, min: 5, max: 5, mad: 0 })
})

it('leaves its input as it was', () => {
  const values = [3, 1, 2]
  spread(values)
  expect(values).toEqual([3, 1, 2])
})
