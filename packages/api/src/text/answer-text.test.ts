import type { DrawnToken } from '@tramontane/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { AnswerText, type AnswerEvent, type CallMarks } from './answer-text.ts'
import { all, recorded, smollm2, tokenizers } from './recorded.fixture.ts'
import { choiceText } from './choice-text.ts'

interface Split {
  readonly text: string
  readonly calls: { id: string; name: string; arguments: string }[]
}

/** What a client puts together. */
function folded(events: readonly AnswerEvent[]): Split {
  const calls: Split['calls'] = []
  let text = ''
  for (const event of events) {
    if (event.type === 'text') text += event.text
    else if ('name' in event) calls[event.index] = { id: event.id, name: event.name, arguments: '' }
    else calls[event.index]!.arguments += event.arguments
  }
  return { text, calls }
}

/** Each part is a token. */
function read(parts: readonly Uint8Array[], calls: CallMarks, { stop = [] as string[] } = {}) {
  const tokenizer = { ...smollm2, control: new Map(), bytes: (id: number) => parts[id]! }
  const answer = new AnswerText({ tokenizer, end: [], continues: false, stop, calls })
  const events: AnswerEvent[] = []
  for (const token of parts.keys()) if (!answer.stopped) events.push(...answer.push({ token }))
  events.push(...answer.end())
  return { events, stopped: answer.stopped, finished: answer.finished('stop'), ...folded(events) }
}

const marker = { text: '<tool_call>', isFirst: false }
const prompted: CallMarks = { begin: marker, finish: 'tool_calls' }

/** A text in tokens of these lengths, cut anywhere, also within characters. */
function cut(text: string, lengths: readonly number[]): Uint8Array[] {
  const bytes = Buffer.from(text)
  const parts: Uint8Array[] = []
  for (let at = 0, i = 0; at < bytes.length; at += parts.at(-1)!.length, i++) {
    parts.push(bytes.subarray(at, at + lengths[i % lengths.length]!))
  }
  return parts
}

const call = fc.record({
  name: fc.constantFrom('f', 'now', 'a-B_9'),
  given: fc.dictionary(fc.string(), fc.jsonValue()),
})
const spacing = fc.constantFrom('', ' ', '\n  ')
const cuts = fc.array(fc.integer({ min: 1, max: 24 }), { minLength: 1 })
const words = fc.string({
  unit: fc.constantFrom('a', ' ', '<', '<tool', '_call>', 'é', '語', '🙂', '\n'),
  maxLength: 12,
})

function written(calls: readonly { name: string; given: object }[], space: string): string {
  const json = (value: object) => JSON.stringify(value, null, space.trim() === '' ? space.length : 0)
  const each = calls.map(
    ({ name, given }) => `{${space}"name":${space}"${name}",${space}"arguments":${space}${json(given)}${space}}`,
  )
  return `[${space}${each.join(`,${space}`)}${space}]`
}

describe('an answer with calls', () => {
  it('is the same text and the same calls, however tokens part it', () => {
    const run = (text: string, calls: { name: string; given: object }[], space: string, cuts: number[]): void => {
      fc.pre(!text.includes(marker.text))
      const found = read(cut(`${text}<tool_call>${written(calls, space)}</tool_call>`, cuts), prompted)
      expect(found.text).toBe(text)
      expect(found.calls.map(({ name, arguments: given }) => ({ name, given: JSON.parse(given) as object }))).toEqual(
        calls.map(({ name, given }) => ({ name, given: JSON.parse(JSON.stringify(given)) as object })),
      )
      for (const { arguments: given } of found.calls) expect(given).toMatch(/^\{[^]*\}$/)
      expect(found.finished).toBe('tool_calls')
      for (const event of found.events) {
        if (event.type === 'text') expect(event.text).not.toContain('\ufffd')
        else if ('arguments' in event) expect(event.arguments).not.toContain('\ufffd')
      }
    }
    const calls = fc.array(call, { minLength: 1, maxLength: 3 })
    fc.assert(fc.property(words, calls, spacing, cuts, run), { seed: 1, numRuns: 200 })
  })

  it('never shows the beginning of its marker, nor of a stop string', () => {
    const run = (text: string, stop: string[], cuts: number[]): void => {
      const found = read(cut(text, cuts), prompted, { stop })
      // What is complete first counts; of those that end together, the longest.
      const ends = [...stop, marker.text]
        .filter((end) => text.includes(end))
        .map((end) => ({ end, from: text.indexOf(end), to: text.indexOf(end) + end.length }))
        .sort((a, b) => a.to - b.to || a.from - b.from)
      expect(found.text).toBe(text.slice(0, ends[0]?.from))
      // A stop string that is the marker is one.
      expect(found.stopped).toBe(ends.length > 0 && (ends[0]!.end !== marker.text || stop.includes(marker.text)))
    }
    const stop = fc.array(fc.constantFrom('<', 'ool', 'call>', '<tool_call>', 'a<tool_call>', '<tool_', 'é', '語<'), {
      maxLength: 2,
    })
    const text = fc
      .array(fc.constantFrom('<tool_call>', 'a', 'é', '語', '<', ' '), { maxLength: 5 })
      .map((all) => all.join(''))
    fc.assert(fc.property(text, stop, cuts, run), { seed: 1, numRuns: 500 })
  })

  it('is not stopped within calls', () => {
    const ids = cut('a<tool_call>[{"name": "f", "arguments": {"a": "stop"}}]</tool_call>', [3])
    const found = read(ids, prompted, { stop: ['stop', '}'] })
    expect(found).toMatchObject({ text: 'a', stopped: false, calls: [{ name: 'f', arguments: '{"a": "stop"}' }] })
  })

  it('begins with them or has none, where it has a format', () => {
    const first: CallMarks = { begin: { ...marker, isFirst: true }, finish: 'tool_calls' }
    const calls = '<tool_call>[{"name":"f","arguments":{}}]</tool_call>'
    expect(read(cut(calls, [4]), first)).toMatchObject({ text: '', calls: [{ name: 'f', arguments: '{}' }] })
    const json = `["${calls.replaceAll('"', "'")}"]`
    expect(read(cut(json, [4]), first)).toMatchObject({ text: json, calls: [], finished: 'stop' })
  })

  it('that was cut has what had come of them', () => {
    const whole = '<tool_call>[{"name": "f", "arguments": {"a": "é'
    const run = (text: string) => read(cut(text, [1]), prompted)
    for (let length = 1; length < marker.text.length; length++) {
      expect(run(whole.slice(0, length))).toMatchObject({ text: whole.slice(0, length), calls: [] })
    }
    expect(run(whole.slice(0, 22))).toMatchObject({ text: '', calls: [], finished: 'stop' })
    expect(run(whole.slice(0, -10))).toMatchObject({ text: '', calls: [{ name: 'f', arguments: '' }] })
    const half = cut(whole, [1]).slice(0, -1)
    expect(read(half, prompted).calls).toMatchObject([{ name: 'f', arguments: '{"a": "' }])
  })

  it('is calls alone, or begins them with a control token', () => {
    const list = cut('[{"name":"f","arguments":{}}]', [2])
    const found = { text: '', calls: [{ name: 'f', arguments: '{}' }] }
    expect(read([...cut('<tool_call>', [3]), ...list], { begin: null, finish: 'stop' })).toMatchObject({
      ...found,
      finished: 'stop',
    })
    // The control token is the first, and gives no bytes.
    const native: CallMarks = { begin: 0, finish: 'tool_calls' }
    expect(read([new Uint8Array(0), ...list], native)).toMatchObject(found)
    expect(read([...list], { ...native, begin: list.length })).toMatchObject({
      text: '[{"name":"f","arguments":{}}]',
      calls: [],
    })
  })

  it('tells of every token once, and log-probabilities of those of the text', async () => {
    const ids = [...smollm2.encode('Hi<tool_call>[{"name":"f","arguments":{"a":1}}]</tool_call>')]
    const drawn: DrawnToken[] = ids.map((token) => ({ token, logprob: -1, likeliest: [] }))
    const options = { tokenizer: tokenizers[0][1], stop: [], end: [2], continues: false, calls: prompted }
    const events = await all(choiceText(recorded(drawn, { reason: 'stop' }), options))
    const texts = events.flatMap((event) => (event.type === 'text' ? event.tokens : []))
    expect(Buffer.concat(texts.map(({ bytes }) => bytes)).toString()).toBe('Hi')
    expect(events.at(-1)).toEqual({ type: 'end', reason: 'tool_calls', generated: ids.length })
    const calls = events.flatMap((event) => (event.type === 'call' ? event.drawn : []))
    expect(texts.length + calls.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(ids.length)
    const parts = events.filter((event) => event.type === 'call')
    expect(parts[0]).toMatchObject({ index: 0, name: 'f', id: expect.stringMatching(/^[a-zA-Z0-9]{9}$/) as string })
    expect(parts.slice(1).every((part) => 'arguments' in part && part.arguments !== '')).toBe(true)
  })
})
