import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { choiceText } from './choice-text.ts'
import { merge } from './merge.ts'
import { all, recorded, smollm2 } from './recorded.fixture.ts'

const options = { tokenizer: smollm2, stop: [], end: [], continues: false }
const drawn = (count: number) =>
  Array.from(smollm2.encode('word '.repeat(count)).slice(0, count), (token) => ({ token }))
const delays = fc.array(fc.nat(3), { minLength: 1, maxLength: 5 })

describe('merge', () => {
  it('gives each its events in order, whatever comes when', async () => {
    const source = fc.record({ values: fc.array(fc.nat(9), { maxLength: 8 }), delays })
    await fc.assert(
      fc.asyncProperty(fc.array(source, { maxLength: 16 }), async (sources) => {
        const iterables = sources.map(async function* ({ values, delays }) {
          for (const [i, value] of values.entries()) {
            for (let turn = delays[i % delays.length]!; turn > 0; turn--) await new Promise(setImmediate)
            yield value
          }
        })
        const merged = await all(merge(iterables))
        for (const [i, { values }] of sources.entries()) {
          expect(merged.filter(({ index }) => index === i).map(({ event }) => event)).toEqual(values)
        }
      }),
      { seed: 1, numRuns: 100 },
    )
  })

  it('does not wait for one of which nothing comes', async () => {
    const still = recorded([], { hangs: true })
    const merged = merge([choiceText(still, options), choiceText(recorded(drawn(3)), options)])
    const indices: number[] = []
    for await (const { index, event } of merged) {
      indices.push(index)
      if (event.type === 'end') break
    }
    expect(indices).toEqual([0, 1, 1, 1, 1, 1])
    expect(still.cancelled).toBe(true)
  })

  it('reads no more than one event of each ahead, and nothing before it is asked', async () => {
    const generations = Array.from({ length: 3 }, () => recorded(drawn(20)))
    const merged = merge(generations.map((generation) => choiceText(generation, options)))
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(generations.map(({ read }) => read)).toEqual([0, 0, 0])
    const given = [0, 0, 0]
    for (let i = 0; i < 12; i++) {
      given[(await merged.next()).value!.index]!++
      await new Promise((resolve) => setTimeout(resolve, 1))
      generations.forEach(({ read }, i) => expect(read - given[i]!).toBeLessThanOrEqual(1))
    }
    await merged.return(undefined)
  })

  it.each([true, false])('returns all at once, while it waits: %s', async (waiting) => {
    const generations = Array.from({ length: 3 }, () => recorded(drawn(1), { hangs: true }))
    const merged = merge(generations.map((generation) => choiceText(generation, options)))
    // Three starts and three tokens; then nothing comes.
    if (waiting) for (let i = 0; i < 6; i++) await merged.next()
    const pending = waiting ? merged.next().catch((error: Error) => error) : undefined
    const returned = merged.return(undefined)
    expect(generations.map(({ cancelled }) => cancelled)).toEqual([true, true, true])
    await Promise.all([pending, returned])
    expect(await merged.next()).toEqual({ done: true, value: undefined })
  })

  it('throws the first error, after which the others are cancelled', async () => {
    const error = new Error('the pass failed')
    const still = recorded(drawn(1), { hangs: true })
    const broken = recorded(drawn(2), { error })
    const later = recorded(drawn(3), { error: new Error('another'), delays: [4] })
    await expect(all(merge([still, broken, later].map((one) => choiceText(one, options))))).rejects.toThrow(error)
    expect([still, broken, later].map(({ cancelled }) => cancelled)).toEqual([true, true, true])
  })
})
