import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Characters } from './characters.ts'

/** Every byte, those at the edges of what may follow what more often. */
const byte = fc.oneof(fc.nat(255), fc.constantFrom(0x41, 0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc1, 0xc2, 0xdf))
const lead = fc.constantFrom(0xe0, 0xe1, 0xed, 0xef, 0xf0, 0xf1, 0xf4, 0xf5, 0xff)
const bytes = fc.array(fc.oneof(byte, lead), { maxLength: 24 }).map((list) => Uint8Array.from(list))

it('finds the characters of TextDecoder, and where each ends, however the bytes are split', () => {
  fc.assert(
    fc.property(bytes, fc.array(fc.nat(24), { maxLength: 4 }), (bytes, cuts) => {
      const characters = new Characters()
      const points: number[] = []
      const ends = [0]
      const found = (point: number, end: number): void => {
        points.push(point)
        ends.push(end)
      }
      const edges = [0, ...cuts.map((cut) => Math.min(cut, bytes.length)), bytes.length].sort((a, b) => a - b)
      edges.slice(1).forEach((edge, i) => characters.push(bytes.subarray(edges[i], edge), found))
      const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
      // What a streaming decoder keeps for later are the bytes of a character that is not complete.
      expect(String.fromCodePoint(...points)).toBe(decoder.decode(bytes, { stream: true }))
      for (let i = 1; i < ends.length; i++) {
        const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes.subarray(ends[i - 1], ends[i]))
        expect(text).toBe(String.fromCodePoint(points[i - 1]!))
      }
      expect(characters.length).toBe(bytes.length)
    }),
    { seed: 1, numRuns: 5000 },
  )
})
