import { expect, it } from 'vitest'
import { digits, duration, percent, quantity } from './units.ts'

it('shows three digits', () => {
  expect([0, 0.01234, 0.5, 1, 17.25, 99.96, 1240.4].map(digits)).toEqual([
    '0',
    '0.0123',
    '0.500',
    '1.00',
    '17.3',
    '100',
    '1,240',
  ])
})

it('picks decimal prefixes', () => {
  expect(quantity(163_172_736, 'B')).toBe('163 MB')
  expect(quantity(92_160, 'B')).toBe('92.2 kB')
  expect(quantity(11.45e9, 'FLOP/s')).toBe('11.5 GFLOP/s')
  expect(quantity(0, 'B')).toBe('0 B')
  expect(quantity(999.9e3, 'B')).toBe('1.00 MB')
})

it('speaks of shares and durations', () => {
  expect(percent(0.1234)).toBe('12.3 %')
  expect(['0.2', '59.5', '200'].map((s) => duration(Number(s)))).toEqual(['1 s', '1 min 0 s', '3 min 20 s'])
})
