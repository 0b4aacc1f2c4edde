import type { Angles } from '@tramontane/core'
import { tidy } from './arena.ts'
import type { Kept } from './kept.ts'
import type { Runtime } from './runtime.ts'

/** [rmsNorm] x / √(mean(x²) + epsilon) · weight. x [T, D], weight [D] → [T, D] */
export function rmsNorm<T>(r: Runtime<T>, kept: Kept<T>, x: T, weight: T, epsilon: number): T {
  const least = kept.of(epsilon, [1], () => Float32Array.of(epsilon))
  return tidy(r, (own) => {
    const mean = own(r.mean(own(r.mul(x, x))))
    return r.mul(own(r.mul(x, own(r.rsqrt(own(r.add(mean, least)))))), weight)
  })
}

/**
 * [rope.1] x [T, heads · d] → [T, heads · d]. Both halves of a head are multiplied with cos, and what the halves are in
 * exchange with (−sin, sin); all layers of a pass have the same angles [T, d / 2].
 */
export function rope<T>(r: Runtime<T>, kept: Kept<T>, x: T, heads: number, { cos, sin }: Angles): T {
  const [T, columns] = r.shape(x)
  const half = columns / heads / 2
  const rows = [T, 1, 2, half]
  const straight = kept.of(cos, rows, () => doubled(cos, half, 1))
  const crossed = kept.of(sin, rows, () => doubled(sin, half, -1))
  return tidy(r, (own) => {
    const halves = own(r.reshape(x, [T, heads, 2, half]))
    const exchanged = own(r.mul(own(r.reverse(halves, 2)), crossed))
    return r.reshape(own(r.add(own(r.mul(halves, straight)), exchanged)), [T, columns])
  })
}

/** Each row of values [T, half] twice, the first time with a sign. → [T, 2, half] */
function doubled(values: Float64Array, half: number, sign: 1 | -1): Float32Array {
  const out = new Float32Array(2 * values.length)
  for (let i = 0; i < values.length; i++) {
    const first = i + half * Math.floor(i / half)
    out[first] = sign * values[i]
    out[first + half] = values[i]
  }
  return out
}

/** [gather.1] rows [R] of a table [N, D] → [R, D]. Neighbours are taken together. */
export function gather<T>(r: Runtime<T>, rows: Int32Array, table: T): T {
  const columns = r.shape(table)[1]
  return tidy(r, (own) => {
    const pieces = runsOf(rows).map(([from, length]) => own(r.slice(table, [from, 0], [length, columns])))
    return pieces.length === 1 ? pieces[0] : r.concat(pieces, 0)
  })
}

/** Row numbers as runs of neighbours: first row and length. */
function runsOf(rows: Int32Array): [number, number][] {
  const runs: [number, number][] = []
  for (const row of rows) {
    const last = runs.at(-1)
    if (last !== undefined && row === last[0] + last[1]) last[1]++
    else runs.push([row, 1])
  }
  return runs
}
