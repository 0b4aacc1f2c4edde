import { reference } from '@tramontane/core'
import { expect, it } from 'vitest'
import { differenceTable, goldenDifferences } from './golden-differences.ts'

/** [reference.2] */
const bound = 1e-11

it('the reference on all goldens, SmolLM2 on 600 tokens among them', async () => {
  const found = await goldenDifferences(reference())
  console.log(differenceTable(found))
  for (const { model, error } of found) expect(error, model).toBeLessThanOrEqual(bound)
})
