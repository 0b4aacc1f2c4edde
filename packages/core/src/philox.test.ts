import { describe, expect, it } from 'vitest'
import { philox, uniform } from './philox.ts'

const words = (text: string): number[] => text.split(' ').map((word) => parseInt(word, 16))

describe('philox', () => {
  // Random123 (D. E. Shaw Research), tests/kat_vectors, the lines "philox4x32 10".
  it.each([
    ['00000000 00000000 00000000 00000000', '00000000 00000000', '6627e8d5 e169c58d bc57ac4c 9b00dbd8'],
    ['ffffffff ffffffff ffffffff ffffffff', 'ffffffff ffffffff', '408f276d 41c83b0e a20bc7c6 6d5451fd'],
    ['243f6a88 85a308d3 13198a2e 03707344', 'a4093822 299f31d0', 'd16cfe09 94fdcceb 5001e420 24126ea1'],
  ])('counter %s, key %s', (counter, key, expected) => {
    const found = philox(words(counter) as [number, number, number, number], words(key) as [number, number])
    expect([...found]).toEqual(words(expected))
  })
})

describe('uniform', () => {
  // The first vector: (0x6627e8d5 >> 5) · 2²⁶ + (0xe169c58d >> 6), over 2⁵³.
  it('takes 27 and 26 bits of the first two words', () => {
    expect(uniform(0, 0)).toBe(Number(((0x6627e8d5n >> 5n) << 26n) + (0xe169c58dn >> 6n)) / 2 ** 53)
  })

  it('is in [0, 1) and even: chi-square over 16 bins', () => {
    const bins = new Array<number>(16).fill(0)
    for (let i = 0; i < 16000; i++) bins[Math.floor(uniform(7, i) * 16)]++
    // 15 degrees of freedom: 37.7 has a tail of 0.001.
    expect(bins.reduce((total, n) => total + (n - 1000) ** 2 / 1000, 0)).toBeLessThan(37.7)
  })

  it('takes all 64 bits of the seed and 53 of the counter', () => {
    expect(uniform(5n, 9)).toBe(uniform(5, 9))
    expect(uniform(-1n, 9)).toBe(uniform(2n ** 64n - 1n, 9))
    expect(new Set([uniform(5, 9), uniform(5n + 2n ** 32n, 9), uniform(5, 9 + 2 ** 32)]).size).toBe(3)
  })
})
