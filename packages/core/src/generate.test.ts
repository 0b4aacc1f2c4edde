import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Program } from './backend.ts'
import { alone, tinyProgram } from './engine/tiny-program.fixture.ts'
import { generate, type GenerateOptions } from './generate.ts'

let program: Program
beforeAll(async () => {
  program = await tinyProgram()
})
afterAll(() => program.dispose())

const prompt = Int32Array.of(5, 9, 33, 71, 12)

async function tokens(options: GenerateOptions, sequence = program.open(64), from = prompt): Promise<number[]> {
  const found: number[] = []
  for await (const { token } of generate(program, sequence, from, options)) found.push(token)
  return found
}

test('yields what the slow loop yields, with and without log-probabilities', async () => {
  const expected = await alone(program, { prompt }, 10)
  expect(await tokens({ maxTokens: 10 })).toEqual(expected)
  expect(await tokens({ maxTokens: 10, logprobs: 0 })).toEqual(expected)
})

test('the end token is the last', async () => {
  const all = await alone(program, { prompt }, 10)
  const end = all.indexOf(all[3]) // The token may have come before.
  expect(await tokens({ maxTokens: 10, end: [all[3]] })).toEqual(all.slice(0, end + 1))
})

test('fills the sequence: its last token is not fed', async () => {
  const sequence = program.open(8)
  expect(await tokens({}, sequence)).toHaveLength(4)
  expect(sequence.length).toBe(8)
})

describe('afterwards the sequence holds the prompt and all tokens yielded but the last', () => {
  test('at the end, so that one can go on', async () => {
    const all = await alone(program, { prompt }, 12)
    const sequence = program.open(64)
    const first = await tokens({ maxTokens: 5 }, sequence)
    expect(sequence.length).toBe(prompt.length + 4)
    const second = await tokens({ maxTokens: 7 }, sequence, Int32Array.of(first[4]))
    expect([...first, ...second]).toEqual(all)
  })

  test.each([
    [1, 0],
    [2, 0],
    [5, 0],
    [2, 30],
  ])('when the loop is left after %i, and %i ms', async (count, wait) => {
    const all = await alone(program, { prompt }, 12)
    const sequence = program.open(64)
    const found: number[] = []
    for await (const { token } of generate(program, sequence, prompt)) {
      await new Promise((resolve) => setTimeout(resolve, wait)) // The next token is there by then.
      if (found.push(token) === count) break
    }
    expect(sequence.length).toBe(prompt.length + count - 1)
    const rest = await tokens({ maxTokens: 12 - count }, sequence, Int32Array.of(found[count - 1]))
    expect([...found, ...rest]).toEqual(all)
  })

  test('when a signal ends it', async () => {
    const sequence = program.open(64)
    const stop = new AbortController()
    const found: number[] = []
    const reading = (async () => {
      for await (const { token } of generate(program, sequence, prompt, { signal: stop.signal }))
        if (found.push(token) === 3) stop.abort(new Error('enough'))
    })()
    await expect(reading).rejects.toThrow('enough')
    expect(sequence.length).toBe(prompt.length + found.length - 1)
    const [next] = await tokens({ maxTokens: 1 }, sequence, Int32Array.of(found.at(-1)!))
    expect(next).toBe((await alone(program, { prompt }, 12))[found.length])
  })
})

test.each([
  [Int32Array.of(), 'the prompt is empty'],
  [new Int32Array(9), 'the prompt has 9 tokens, but the context has room for 8'],
])('refuses a prompt that cannot be fed', async (from, message) => {
  await expect(tokens({}, program.open(8), from)).rejects.toThrow(message)
})

test('tells how far the prompt has got', async () => {
  const heard: [number, number][] = []
  await tokens({ maxTokens: 1, progress: (fed, total) => heard.push([fed, total]) })
  expect(heard).toEqual([[5, 5]])
})
