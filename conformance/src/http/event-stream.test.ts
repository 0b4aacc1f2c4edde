import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { EventStreamParser } from './event-stream.ts'

const parsed = (text: string) => new EventStreamParser().push(text).map(({ data }) => data)

// The examples of the HTML Standard, section 9.2.6.
describe('the standard says', () => {
  test('lines of data are joined', () => {
    expect(parsed('data: YHOO\ndata: +2\ndata: 10\n\n')).toEqual(['YHOO\n+2\n10'])
  })
  test('comments are none, one space is taken off, and an event without its blank line is none', () => {
    const parser = new EventStreamParser()
    const events = parser.push(
      ': test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\ndata:  third event\n\ndata: no',
    )
    expect(events.map(({ data }) => data)).toEqual(['first event', 'second event', ' third event'])
    expect(parser.comments).toEqual([' test stream'])
    expect(parser.rest).toBe('data: no')
  })
  test('empty data are data', () => {
    expect(parsed('data\n\ndata\ndata\n\ndata:')).toEqual(['', '\n'])
  })
  test('a space after the colon makes no difference', () => {
    expect(parsed('data:test\n\ndata: test\n\n')).toEqual(['test', 'test'])
  })
})

test('events have names, and other lines are kept apart', () => {
  const parser = new EventStreamParser()
  expect(parser.push('event: error\ndata: a\n\nhello\nretry: 5\nname: value\ndata: b\n\n')).toEqual([
    { event: 'error', data: 'a' },
    { event: 'message', data: 'b' },
  ])
  expect(parser.unknown).toEqual(['hello', 'name: value'])
})

test('a stream is the same in any pieces, with any ends of lines, with or without a mark in front', () => {
  const lines = ['data: one', 'data: 二 🌊', '', ': comment', '', 'event: error', 'data:', '', 'data: last', '']
  const expected = new EventStreamParser().push(`${lines.join('\n')}\n`)
  expect(expected).toHaveLength(3)
  // Mixed ends would be read otherwise: a line feed after a carriage return belongs to it.
  const end = fc.constantFrom('\n', '\r\n', '\r')
  fc.assert(
    fc.property(end, fc.array(fc.nat(100)), fc.boolean(), (end, cuts, mark) => {
      const text = (mark ? '\ufeff' : '') + lines.map((line) => line + end).join('')
      const parser = new EventStreamParser()
      const edges = [0, ...cuts.map((cut) => Math.min(cut, text.length)), text.length].sort((a, b) => a - b)
      const events = edges.slice(1).flatMap((edge, i) => parser.push(text.slice(edges[i], edge)))
      // A carriage return at the very end may still be the first half of a line's end.
      expect([...events, ...parser.push('\n')]).toEqual(expected)
      expect(parser.comments).toEqual([' comment'])
    }),
    { seed: 1, numRuns: 500 },
  )
})
