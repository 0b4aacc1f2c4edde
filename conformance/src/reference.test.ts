import { reference } from '@tramontane/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { backendCases } from './backend-cases.ts'
import { precisions } from './bound/index.ts'
import { goldenPath, openModel } from './goldens.ts'
import { playSchedule, type Action } from './schedules.ts'

describe('the reference passes the shared cases', () => {
  it.each(backendCases)('$name [$clause]', ({ run }) => run({ backend: reference(), precision: precisions.f64 }))
})

/** What a random schedule may do, drawn as plain numbers so that a failure shrinks and prints. */
const action = fc.record({
  kind: fc.constantFrom<Action['kind'][]>('open', 'feed', 'feed', 'feed', 'truncate', 'fork', 'close'),
  which: fc.nat(5),
  also: fc.nat(5),
  tokens: fc.array(fc.nat(96), { minLength: 1, maxLength: 9 }),
  share: fc.double({ min: 0, max: 1, noNaN: true }),
})

describe('batch invariance: any schedule gives the bits of one pass over the whole text', () => {
  it.each(['tiny/full', 'tiny/window', 'tiny/fp8'])('%s', async (name) => {
    const { graph, weights, close } = await openModel(goldenPath(name))
    const program = await reference().load(graph, weights)
    await close()
    await fc.assert(
      fc.asyncProperty(fc.array(action, { minLength: 4, maxLength: 24 }), (actions) =>
        playSchedule(program, 400, actions, (found, expected) => expect(found.data).toEqual(expected.data)),
      ),
      { seed: 3, numRuns: 60 },
    )
  })
})
