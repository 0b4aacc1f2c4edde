import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { parseSse, readAll, recut } from './sse-parser.fixture.ts'
import { eventStreamHeaders, sse } from './sse.ts'

const onError = (error: unknown): object => ({ error: { message: (error as Error).message } })
const text = (bytes: Uint8Array | undefined): string => new TextDecoder().decode(bytes)
const later = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds))

/** Counts what was asked of it. */
function source(values: readonly object[], { error, hangs = false }: { error?: Error; hangs?: boolean } = {}) {
  const seen = { asked: 0, returned: false }
  let leave = (): void => {}
  const left = new Promise<never>((_, reject) => (leave = () => reject(new Error('cancelled'))))
  left.catch(() => {})
  const chunks: AsyncIterableIterator<object> = {
    [Symbol.asyncIterator]: () => chunks,
    async next() {
      const value = values[seen.asked++]
      if (value) return { done: false, value }
      if (error) throw error
      return hangs ? left : { done: true, value: undefined }
    },
    async return() {
      seen.returned = true
      leave()
      return { done: true, value: undefined }
    },
  }
  return { chunks, seen }
}

describe('sse', () => {
  it('parses to the chunks and [DONE], however the bytes are cut', async () => {
    const chunk = fc.dictionary(fc.string({ unit: 'grapheme' }), fc.string({ unit: 'binary' }), { maxKeys: 3 })
    const lengths = fc.array(fc.integer({ min: 1, max: 40 }), { minLength: 1, maxLength: 5 })
    await fc.assert(
      fc.asyncProperty(fc.array(chunk, { maxLength: 6 }), lengths, async (chunks, lengths) => {
        const pieces = await readAll(sse(source(chunks).chunks, { onError }))
        const { data } = parseSse(recut(pieces, lengths))
        expect(data.pop()).toBe('[DONE]')
        expect(data.map((one) => JSON.parse(one) as object)).toEqual(chunks)
      }),
      { seed: 3, numRuns: 300 },
    )
  })

  it('writes bytes as the documentation shows them', async () => {
    const pieces = await readAll(sse(source([{ id: 'chatcmpl-1', choices: [] }]).chunks, { onError }))
    expect(pieces.map(text)).toEqual(['data: {"id":"chatcmpl-1","choices":[]}\n\n', 'data: [DONE]\n\n'])
    expect(eventStreamHeaders['content-type']).toBe('text/event-stream; charset=utf-8')
  })

  it("survives clients that split lines by Unicode's rules", async () => {
    const content = 'a\u0085b\u2028c\u2029d\u000be\u000cf\u001cg\u001dh\u001ei\rj\nk'
    const [piece] = await readAll(sse(source([{ content }]).chunks, { onError }))
    // Python's str.splitlines
    const lines = text(piece).split(/\r\n|[\n\r\v\f\x1c-\x1e\x85\u2028\u2029]/)
    expect(lines.slice(1)).toEqual(['', ''])
    expect(JSON.parse(lines[0]!.slice('data: '.length))).toEqual({ content })
  })

  it('asks for one chunk when one is read, and for none before', async () => {
    const { chunks, seen } = source([{ a: 1 }, { b: 2 }, { c: 3 }])
    const reader = sse(chunks, { onError }).getReader()
    await later(2)
    expect(seen.asked).toBe(0)
    for (const asked of [1, 2]) {
      await reader.read()
      await later(2)
      expect(seen.asked).toBe(asked)
    }
    await reader.cancel()
    expect(seen).toEqual({ asked: 2, returned: true })
  })

  it('returns the chunks at once when it is cancelled while it waits, and tells nobody', async () => {
    const { chunks, seen } = source([{ a: 1 }], { hangs: true })
    const errors: unknown[] = []
    const reader = sse(chunks, { onError: (error) => onError(errors.push(error)), keepAlive: 1000 }).getReader()
    await reader.read()
    const waiting = reader.read()
    await later(2)
    expect(seen.asked).toBe(2)
    const cancelled = reader.cancel()
    expect(seen.returned).toBe(true)
    expect(await waiting).toMatchObject({ done: true })
    await cancelled
    await later(5)
    expect(errors).toEqual([])
  })

  it('ends with an error and [DONE] when the chunks fail', async () => {
    const { chunks } = source([{ a: 1 }], { error: new Error('the pass failed') })
    const pieces = await readAll(sse(chunks, { onError }))
    expect(parseSse(pieces).data).toEqual(['{"a":1}', '{"error":{"message":"the pass failed"}}', '[DONE]'])
  })

  it('sends comments while a reader waits, and never to one who does not', async () => {
    const slow = async function* (): AsyncGenerator<object> {
      await later(40)
      yield { a: 1 }
      yield { b: 2 }
    }
    const reader = sse(slow(), { onError, keepAlive: 4 }).getReader()
    const pieces: Uint8Array[] = []
    while (!pieces.some((piece) => text(piece).startsWith('data'))) pieces.push((await reader.read()).value!)
    await later(20)
    pieces.push((await reader.read()).value!, (await reader.read()).value!)
    const { data, comments } = parseSse(pieces)
    expect(data).toEqual(['{"a":1}', '{"b":2}', '[DONE]'])
    expect(pieces.slice(0, -3).map(text)).toEqual(comments.map(() => ': keep-alive\n\n'))
    expect(comments.length).toBeGreaterThan(2)
    expect((await reader.read()).done).toBe(true)
  })

  it('sends none unless it is told to', async () => {
    const slow = async function* (): AsyncGenerator<object> {
      await later(20)
      yield { a: 1 }
    }
    expect(parseSse(await readAll(sse(slow(), { onError })))).toEqual({ data: ['{"a":1}', '[DONE]'], comments: [] })
  })
})
