import { decode, InputError, type Tensor } from '@tramontane/core'
import type { Noise, Precision } from './precision.ts'
import { judge, type Verdict } from './verdict.ts'

/** What `noise.json` holds of one golden: the Monte-Carlo noise of every node for every profile. See goldens/noise.py. */
export interface NoiseFloors {
  readonly trials: number
  readonly profiles: Readonly<Record<Noise, { readonly nodes: Readonly<Record<string, number>> }>>
}

/** [reference.2] Two double-precision computations that sum in different orders, as a share of a row's norm. */
const ofDoubles = 1e-11

/** How far above the noise that was seen a right computation may be: 99.9 % of rows are within once. */
const factor = 4

/**
 * T3: the largest error of a row, max |found − expected| / ‖expected‖, that the declared precision explains at the end of
 * a whole pass: four times the noise floor. Throws InputError for a node without one.
 */
export function endToEndBound(noise: NoiseFloors, precision: Precision, node: string): number {
  if (precision.noise === null) return ofDoubles
  const floor = noise.profiles[precision.noise].nodes[node]
  if (floor === undefined) throw new InputError(`noise floors: none of ${precision.noise} for "${node}"`)
  // A sum of one term may be noiseless; what is stored is rounded all the same.
  return factor * Math.max(floor, precision.unit)
}

/** T3: the worst element of a value against its golden, `bound` in shares of the row's norm. [..., C] each. */
export function endToEnd(node: string, found: Tensor, expected: Tensor, bound: number): Verdict {
  const values = decode(expected)
  const columns = expected.shape.at(-1)!
  const bounds = new Float64Array(values.length)
  for (let from = 0; from < values.length; from += columns) {
    const row = values.subarray(from, from + columns)
    bounds.fill(bound * norm(row), from, from + columns)
  }
  return judge(node, found, { shape: expected.shape, values, bounds })
}

/** How far any logit of this row [V] may be off: T3 in absolute terms. */
export function logitBound(expected: Float64Array, bound: number): number {
  return bound * norm(expected)
}

/** Whether two computations within `bound` of this row [V] must choose the same token: the margin is above twice it. */
export function decidable(row: Float64Array, bound: number): boolean {
  let [first, second] = [-Infinity, -Infinity]
  for (const value of row) {
    if (value > first) [first, second] = [value, first]
    else if (value > second) second = value
  }
  return first - second > 2 * bound
}

function norm(row: Float64Array): number {
  return Math.sqrt(row.reduce((sum, value) => sum + value * value, 0))
}
