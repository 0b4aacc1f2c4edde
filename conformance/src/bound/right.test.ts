import { describe, expect, it } from 'vitest'
import { goldens, openNoise } from '../noise-floors.ts'
import { rightOnes, type Right } from '../rounding/right.ts'
import { arithmeticCases, document, documentWith, firstFailure, observations, table } from '../rounding/trials.ts'
import { localBounds } from './index.ts'

describe('right backends pass the shared cases', () => {
  it.each(rightOnes)('$name', async ({ kernels, precision, everyCase }) => {
    expect(await firstFailure(kernels(), precision, everyCase ? undefined : arithmeticCases)).toBeNull()
  })

  it('and docs/tolerances.md says how near they come to the bound', async () => {
    const tables = { floors: await floorTable(), ratios: await ratioTable() }
    await expect(await documentWith(tables)).toMatchFileSnapshot(document)
  })
})

const ops = ['linear', 'rmsNorm', 'rope', 'pattern', 'attention', 'silu', 'mul', 'add', 'gather']

async function ratioTable(): Promise<string> {
  const rows = []
  for (const one of rightOnes) {
    const ratios = await largestRatios(one)
    rows.push([one.name, ...ops.map((op) => ratios.get(op)!.toFixed(2))])
  }
  return table(['right backend', ...ops], rows)
}

/** The largest |error| / bound of T1, by op. */
async function largestRatios({ kernels, precision }: Right): Promise<ReadonlyMap<string, number>> {
  const largest = new Map<string, number>()
  await observations(kernels(), async ({ graph, weights, captures }) => {
    const opOf = new Map(graph.nodes.map(({ name, op }) => [name, op as string]))
    for (const { node, ratio } of await localBounds(graph, weights, captures, precision)) {
      const op = opOf.get(node) ?? 'pattern'
      largest.set(op, Math.max(largest.get(op) ?? 0, ratio))
    }
  })
  return largest
}

/** Smallest and largest floor of any node, by profile. */
async function floorTable(): Promise<string> {
  const columns = ['f32', 'webgpu', 'bf16'] as const
  const rows = []
  for (const golden of goldens) {
    const { profiles, trials } = await openNoise(golden)
    const ranges = columns.map((name) => {
      const floors = Object.values(profiles[name].nodes)
      const ends = [Math.min(...floors), Math.max(...floors)].map((x) => x.toExponential(1))
      return [...new Set(ends)].join(' to ')
    })
    rows.push([golden, trials, ...ranges])
  }
  return table(['golden', 'trials', ...columns], rows)
}
