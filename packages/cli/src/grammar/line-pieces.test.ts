import fc from 'fast-check'
import { expect, test } from 'vitest'
import { linePieces } from './line-pieces.ts'

async function lines(...chunks: readonly string[]): Promise<string[]> {
  const found = ['']
  for await (const pieces of linePieces(async(chunks)))
    for (const { bytes, isLast } of pieces) {
      found.push(`${found.pop()!}${Buffer.from(bytes).toString()}`)
      if (isLast) found.push('')
    }
  expect(found.pop()).toBe('')
  return found
}

async function* async(chunks: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const chunk of chunks) yield Buffer.from(chunk)
}

test('lines end with \\n or \\r\\n, the last one also with nothing or \\r', async () => {
  expect(await lines()).toEqual([])
  expect(await lines('')).toEqual([])
  expect(await lines('a')).toEqual(['a'])
  expect(await lines('a\n')).toEqual(['a'])
  expect(await lines('\n')).toEqual([''])
  expect(await lines('a\n\n\r\nb\r')).toEqual(['a', '', '', 'b'])
  expect(await lines('\r')).toEqual([''])
  expect(await lines('a\rb\r\r\nc')).toEqual(['a\rb\r', 'c'])
})

test('wherever chunks begin', async () => {
  const chunks = fc.array(fc.string({ unit: fc.constantFrom('a', '\r', '\n'), maxLength: 4 }), { maxLength: 6 })
  await fc.assert(
    fc.asyncProperty(chunks, async (chunks) => {
      const expected = chunks.join('').split(/\r?\n/)
      // Behind the last line end there is no line; a \r there ends one.
      const last = expected.pop()!
      if (last !== '') expected.push(last.replace(/\r$/, ''))
      expect(await lines(...chunks)).toEqual(expected)
    }),
    { seed: 4, numRuns: 500 },
  )
})
