import { reference } from '@tramontane/core'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { backendCases } from './backend-cases.ts'
import { precisions } from './bound/index.ts'
import { goldenPath, openModel } from './goldens.ts'
import { playSchedule } from './schedules.ts'
import { schedules } from './schedules.fixture.ts'

describe('the reference passes the shared cases', () => {
  it.each(backendCases)('$name [$clause]', ({ run }) => run({ backend: reference(), precision: precisions.f64 }))
})

describe('batch invariance: any schedule gives the bits of one pass over the whole text', () => {
  it.each(['tiny/full', 'tiny/window', 'tiny/fp8'])('%s', async (name) => {
    const { graph, weights, close } = await openModel(goldenPath(name))
    const program = await reference().load(graph, weights)
    await close()
    await fc.assert(
      fc.asyncProperty(schedules(9, 24), (actions) =>
        playSchedule(program, 400, actions, (found, expected) => expect(found.data).toEqual(expected.data)),
      ),
      { seed: 3, numRuns: 60 },
    )
  })
})
