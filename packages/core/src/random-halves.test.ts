import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { keyOf, randomHalves } from './random-halves.ts'

/** NumPy's, from the recipe alone: conformance/goldens/synth/make.py. */
interface Vectors {
  readonly keys: readonly { name: string; seed: number; key: number[] }[]
  readonly draws: readonly { name: string; seed: number; first: number; draws: number[] }[]
}
const vectors = JSON.parse(
  readFileSync(new URL('../../../conformance/goldens/synth/vectors.json', import.meta.url), 'utf8'),
) as Vectors

const identity = Uint16Array.from({ length: 2 ** 16 }, (_, i) => i)

describe('random halves', () => {
  test.each(vectors.keys)('the key of $name under seed $seed', ({ name, seed, key }) => {
    expect([...keyOf(name, seed)]).toEqual(key)
  })

  test.each(vectors.draws)('the draws from element $first', ({ name, seed, first, draws }) => {
    const out = new Uint16Array(draws.length)
    randomHalves(out, first, keyOf(name, seed), identity)
    expect([...out]).toEqual(draws)
    const odd = new Uint16Array(draws.length - 1)
    randomHalves(odd, first, keyOf(name, seed), identity)
    expect([...odd]).toEqual(draws.slice(0, -1))
  })
})
