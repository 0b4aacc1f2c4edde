import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Program } from '../backend.ts'
import { engine } from './engine.ts'
import type { GenerationRequest, TokenConstraint } from './generation.ts'
import { alone, eventsOf, generated, ids, tinyProgram, tokensOf } from './tiny-program.fixture.ts'

let program: Program
beforeAll(async () => {
  program = await tinyProgram()
})
afterAll(() => program.dispose())

/** Token i of a text is one of row i; behind the last row nothing follows. */
function rows(...allowed: readonly number[][]): TokenConstraint & { readonly taken: number[] } {
  const taken: number[] = []
  return {
    taken,
    mask() {
      const mask = new Uint32Array(4)
      for (const id of allowed[taken.length]!) mask[id >>> 5]! |= 1 << (id & 31)
      return mask
    },
    accept: (token) => void taken.push(token),
    get isOver() {
      return taken.length === allowed.length
    },
  }
}

const numbers = (from: number, to: number): number[] => Array.from({ length: to - from }, (_, i) => from + i)

test('a text goes on with what its constraint allows alone, and ends when that is over', async () => {
  const loop = engine(program, { context: 64 })
  const free = { prompt: ids(9, 1), maxTokens: 12 }
  const plan = [numbers(3, 7), [96], numbers(32, 64), numbers(0, 97)]
  const constraints = [rows(...plan), rows(...plan)]
  const sampled = { ...free, sampling: { temperature: 1.5, seed: 3 } }
  const requests: GenerationRequest[] = [
    { ...free, constraint: constraints[0]! },
    free,
    { ...sampled, constraint: constraints[1]! },
  ]
  const texts = await Promise.all(loop.submit(requests).map(eventsOf))
  for (const [i, constraint] of constraints.entries()) {
    const tokens = tokensOf(texts[2 * i]!)
    expect(tokens).toEqual(constraint.taken)
    expect(tokens.map((token, at) => plan[at]!.includes(token))).toEqual([true, true, true, true])
    expect(texts[2 * i]!.at(-1)).toEqual({ type: 'end', reason: 'stop' })
  }
  // Beside it, a text without one is what it is alone.
  expect(tokensOf(texts[1]!)).toEqual(await alone(program, free, 12))
  await loop.close()
})

test('an end token and a number of tokens end it as they end any text', async () => {
  const loop = engine(program, { context: 64 })
  const constraint = () => rows([5], [6], [7], [8])
  const ended = await generated(loop, { prompt: ids(4, 2), end: [7], constraint: constraint() })
  expect([tokensOf(ended), ended.at(-1)]).toEqual([[5, 6, 7], { type: 'end', reason: 'stop' }])
  const cut = await generated(loop, { prompt: ids(4, 2), maxTokens: 2, constraint: constraint() })
  expect([tokensOf(cut), cut.at(-1)]).toEqual([[5, 6], { type: 'end', reason: 'length' }])
  await loop.close()
})

test('where it fails, its text alone ends with the error', async () => {
  const loop = engine(program, { context: 64 })
  const broken: TokenConstraint = {
    ...rows([5]),
    mask() {
      throw new Error('too ambiguous')
    },
  }
  const other = { prompt: ids(6, 2), maxTokens: 4 }
  const [first, second] = loop.submit([{ prompt: ids(5, 1), constraint: broken }, other])
  await expect(eventsOf(first!)).rejects.toThrow('too ambiguous')
  expect(tokensOf(await eventsOf(second!))).toEqual(await alone(program, other, 4))
  expect(loop.state()).toMatchObject({ live: 0, failure: undefined })
  await loop.close()
})
