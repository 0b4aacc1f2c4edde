import { describe, expect, it } from 'vitest'
import { faults, type Fault } from '../rounding/faults.ts'
import type { Kernels } from '../rounding/kernels.ts'
import { rightOnes } from '../rounding/right.ts'
import { document, documentWith, firstFailure, observations, table } from '../rounding/trials.ts'
import { expectations, precisions } from './index.ts'

/** The backend into which faults are put: f32 in 32 lanes. */
const right = rightOnes[2].kernels()

interface Kill {
  readonly fault: string
  readonly by: string
  /** The worst element's node and |error| / bound, where T1 or T3 found it. */
  readonly node: string
  readonly ratio: number
  readonly squaredError: number
}

describe('every fault is killed by a shared case', () => {
  const kills: Kill[] = []
  it.each(faults)('$name', async (fault) => {
    kills.push(await kill(fault))
  })

  it('docs/tolerances.md says so', async () => {
    await expect(await documentWith({ faults: tableOf(kills) })).toMatchFileSnapshot(document)
  })
})

async function kill({ name, change }: Fault): Promise<Kill> {
  const faulty = { ...right, ...change(right) }
  const failure = await firstFailure(faulty, precisions.f32)
  expect(failure, `${name}: passes every case`).not.toBeNull()
  const [by, words] = failure!
  const [, node, ratio] = /^(\S+): .*, ratio (\S+)/.exec(words) ?? [null, '', 'NaN']
  return { fault: name, by, node, ratio: Number(ratio), squaredError: await largestSquaredError(faulty) }
}

/** Of any node, given its own inputs: Σ(found − expected)² / Σ expected², as llama.cpp's test-backend-ops judges. */
async function largestSquaredError(kernels: Kernels): Promise<number> {
  let largest = 0
  await observations(kernels, async ({ graph, weights, captures }) => {
    for (const node of graph.nodes) {
      for (const [name, { values }] of await expectations(node, weights, captures, precisions.f32)) {
        const found = captures.values.get(name)!.data
        const squares = values.reduce((sum, v) => sum + v * v, 0)
        const differences = values.reduce((sum, v, i) => sum + (Number(found[i]) - v) ** 2, 0)
        const error = differences === 0 ? 0 : differences / squares
        // NaN fails there too.
        largest = Number.isNaN(error) ? Infinity : Math.max(largest, error)
      }
    }
  })
  return largest
}

/** What llama.cpp's test-backend-ops allows for a matrix product. */
const squaredErrorAllowed = 5e-4

function tableOf(kills: readonly Kill[]): string {
  const head = ['fault', 'first case that fails', 'at', 'error / bound', 'NMSE', 'NMSE ≤ 5e-4']
  const rows = kills.map(({ fault, by, node, ratio, squaredError }) => [
    fault,
    by,
    node && `\`${node}\``,
    Number.isNaN(ratio) ? '' : magnitude(ratio),
    magnitude(squaredError),
    squaredError <= squaredErrorAllowed ? 'passes' : '',
  ])
  return table(head, rows)
}

function magnitude(x: number): string {
  return x === Infinity ? '∞' : x.toExponential(0).replace('+', '')
}
