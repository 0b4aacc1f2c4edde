import type { Backend } from '@tramontane/core'
import fc from 'fast-check'
import { expect } from 'vitest'
import { endToEndBound, type Precision } from './bound/index.ts'
import { goldenPath, openModel, rowError } from './goldens.ts'
import { openNoise } from './noise-floors.ts'
import { playSchedule, type Action } from './schedules.ts'

/** What random schedules may do, drawn as plain numbers so that a failure shrinks and prints. `most`: tokens of a feed. */
export function schedules(most: number, length: number): fc.Arbitrary<Action[]> {
  const action = fc.record({
    kind: fc.constantFrom<Action['kind'][]>('open', 'feed', 'feed', 'feed', 'truncate', 'fork', 'close'),
    which: fc.nat(5),
    also: fc.nat(5),
    tokens: fc.array(fc.nat(96), { minLength: 1, maxLength: most }),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  return fc.array(action, { minLength: 4, maxLength: length })
}

/** Any schedule gives what one pass over the whole text gives, within the bound. */
export async function schedulesAgree(
  backend: Backend,
  name: string,
  precision: Precision,
  numRuns: number,
): Promise<void> {
  const { graph, weights, close } = await openModel(goldenPath(name))
  const program = await backend.load(graph, weights).finally(() => close())
  const bound = 2 * endToEndBound(await openNoise(name), precision, 'logits')
  await fc.assert(
    fc.asyncProperty(schedules(90, 16), (actions) =>
      playSchedule(program, 4000, actions, (found, expected) =>
        expect(rowError(found, expected)).toBeLessThanOrEqual(bound),
      ),
    ),
    { seed: 4, numRuns },
  )
  await program.dispose()
}
