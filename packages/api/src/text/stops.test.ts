import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { StopMatcher } from './stops.ts'

const letters = fc.string({ unit: fc.constantFrom('a', 'b', '🙂'), minLength: 1, maxLength: 6 })

/** By search from the start: the end that comes first, of those the match that begins first. */
function firstMatch(text: string, stops: readonly string[]): { from: number; to: number } | undefined {
  const found = stops.map((stop) => ({ from: text.indexOf(stop), to: text.indexOf(stop) + stop.length }))
  return found.filter(({ from }) => from >= 0).sort((a, b) => a.to - b.to || a.from - b.from)[0]
}

/** The longest end of a text that is a beginning of a stop string. */
function beginning(text: string, stops: readonly string[]): string {
  const begins = (end: string): boolean => stops.some((stop) => stop.startsWith(end))
  const ends = Array.from({ length: text.length + 1 }, (_, i) => text.slice(i))
  return ends.find((end) => begins(end) && Buffer.from(end).toString() === end) ?? ''
}

describe('StopMatcher', () => {
  it('finds what indexOf finds, and holds what may become a stop string and nothing else', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', '🙂'), maxLength: 40 })
    fc.assert(
      fc.property(text, fc.array(letters, { maxLength: 16 }), (text, stops) => {
        const matcher = new StopMatcher(stops)
        let read = ''
        let stopped = false
        for (const character of text) {
          if (stopped) break
          read += character
          stopped = matcher.push(character.codePointAt(0)!)
          const match = firstMatch(read, stops)
          expect(stopped).toBe(match !== undefined)
          const held = match ? read.slice(match.from) : beginning(read, stops)
          expect(matcher.held).toBe([...held].length)
        }
      }),
      { seed: 2, numRuns: 3000 },
    )
  })

  it('takes the longest of those that end together', () => {
    const matcher = new StopMatcher(['b', 'ab'])
    expect([...'xab'].map((c) => matcher.push(c.codePointAt(0)!))).toEqual([false, false, true])
    expect(matcher.held).toBe(2)
  })

  it('takes time by the length of the text alone, not by that of the stop strings', () => {
    const stops = Array.from({ length: 16 }, (_, i) => 'a'.repeat(999 - i) + 'b')
    const matcher = new StopMatcher(stops)
    const began = performance.now()
    // Each c makes every string start anew, from as deep as it goes.
    let found = false
    for (let i = 0; i < 300_000; i++) found ||= matcher.push(i % 1500 === 1499 ? 0x63 : 0x61)
    expect(found).toBe(false)
    // Looking at every place anew takes 16 · 1,000 steps a character: a minute.
    expect(performance.now() - began).toBeLessThan(5_000)
  })

  it('never finds half a character, and refuses to look for nothing', () => {
    const matcher = new StopMatcher(['\ud83d'])
    expect(matcher.push('🙂'.codePointAt(0)!)).toBe(false)
    expect(matcher.push(0xfffd)).toBe(false)
    expect(() => new StopMatcher(['x', ''])).toThrow(/empty/)
  })
})
