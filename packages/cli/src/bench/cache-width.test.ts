import { expect, it } from 'vitest'
import { CacheWidth } from './cache-width.ts'

const usage = (cache: number) => ({ weights: 0, cache, scratch: 0, position: 0 })

it('keeps the observation over the most positions, where pages round up the least', () => {
  const width = new CacheWidth(null)
  width.observe(usage(256 * 10), 64) // a page of 256
  expect(width.bytesPerToken).toBe(40)
  width.observe(usage(1024 * 10), 1000)
  expect(width.bytesPerToken).toBe(10.24)
  width.observe(usage(256 * 10), 200)
  expect(width.bytesPerToken).toBe(10.24)
  width.observe(usage(3072 * 10), 1000, 2000)
  expect(width.bytesPerToken).toBe(10.24)
})

it('does not learn from sequences that have let keys go', () => {
  const width = new CacheWidth(100)
  width.observe(usage(640), 64)
  width.observe(usage(1640), 64, 500)
  expect(width.bytesPerToken).toBe(10)
})
