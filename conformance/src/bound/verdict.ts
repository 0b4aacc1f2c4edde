import type { Tensor } from '@tramontane/core'
import { numbersOf } from './matrix.ts'

/** What an element should be and how far from it is still right, both in the shape of the value that is judged. */
export interface Expected {
  readonly shape: readonly number[]
  readonly values: Float64Array
  readonly bounds: Float64Array
}

/** The worst element of one node: the largest |found − expected| / bound. */
export interface Verdict {
  readonly node: string
  /** Above 1 is wrong; infinite for what is not finite, where no finite bound is known, and for any difference where none is allowed. */
  readonly ratio: number
  /** Row and column; head, row and column in a pattern. */
  readonly index: readonly number[]
  readonly found: number
  readonly expected: number
  readonly bound: number
}

/** Judges a value element by element. Throws InputError when the shapes differ or elements are missing. */
export function judge(node: string, found: Tensor, { shape, values, bounds }: Expected): Verdict {
  const data = numbersOf(node, found, shape)
  let [worst, at] = [0, 0]
  for (let i = 0; i < data.length && worst < Infinity; i++) {
    const error = ratio(data[i], values[i], bounds[i])
    if (error > worst) [worst, at] = [error, i]
  }
  return { node, ratio: worst, index: indexOf(at, shape), found: data[at], expected: values[at], bound: bounds[at] }
}

function ratio(found: number, expected: number, bound: number): number {
  if (!Number.isFinite(found)) return Infinity
  if (found === expected) return 0
  const share = Math.abs(found - expected) / bound
  return share >= 0 && Number.isFinite(bound) ? share : Infinity
}

function indexOf(flat: number, shape: readonly number[]): number[] {
  let rest = flat
  return shape
    .toReversed()
    .map((size) => {
      const index = rest % size
      rest = (rest - index) / size
      return index
    })
    .reverse()
}

/** `layers.0.query: row 3, column 7: found 1.5, expected 1.25, bound 0.01, ratio 25` */
export function describe({ node, index, found, expected, bound, ratio }: Verdict): string {
  const names = ['head', 'row', 'column'].slice(-index.length)
  const place = index.map((i, axis) => `${names[axis]} ${i}`).join(', ')
  return `${node}: ${place}: found ${found}, expected ${expected}, bound ${bound}, ratio ${ratio}`
}

/** Throws naming the worst element of the first node, in the order given, that is out of its bound. */
export function assertWithin(verdicts: readonly Verdict[]): void {
  const wrong = verdicts.filter(({ ratio }) => !(ratio <= 1))
  if (wrong.length === 0) return
  const more = wrong.length > 1 ? ` (and ${wrong.length - 1} more nodes)` : ''
  throw new Error(`${describe(wrong[0])}${more}`)
}
