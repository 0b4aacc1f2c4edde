import type { Angles } from '@tramontane/core'
import { tidy } from './arena.ts'
import type { Runtime } from './runtime.ts'

/** [rmsNorm] x / √(mean(x²) + epsilon) · weight. x [T, D], weight [D], epsilon [1] → [T, D] */
export function rmsNorm<T>(r: Runtime<T>, x: T, weight: T, epsilon: T): T {
  return tidy(r, (own) => {
    const mean = own(r.mean(own(r.mul(x, x))))
    return r.mul(own(r.mul(x, own(r.rsqrt(own(r.add(mean, epsilon)))))), weight)
  })
}

/** What both halves of a head are multiplied with, and what the halves in exchange are: (cos, cos) and (−sin, sin), [T, d]. */
export interface Turn {
  readonly straight: Float32Array
  readonly crossed: Float32Array
}

/** angles [T, d / 2] → [T, d] */
export function turnOf({ cos, sin }: Angles, T: number): Turn {
  const half = cos.length / T
  const straight = new Float32Array(2 * cos.length)
  const crossed = new Float32Array(2 * cos.length)
  for (let t = 0; t < T; t++) {
    for (let i = 0; i < half; i++) {
      const first = 2 * t * half + i
      straight[first] = straight[first + half] = cos[t * half + i]
      crossed[first] = -sin[t * half + i]
      crossed[first + half] = sin[t * half + i]
    }
  }
  return { straight, crossed }
}

/** [rope.1] x [T, heads · d] → [T, heads · d] */
export function rope<T>(r: Runtime<T>, x: T, heads: number, { straight, crossed }: Turn): T {
  const [T, columns] = r.shape(x)
  const half = columns / heads / 2
  const rows = [T, 1, 2, half]
  return tidy(r, (own) => {
    const halves = own(r.reshape(x, [T, heads, 2, half]))
    const kept = own(r.mul(halves, own(r.upload(straight, rows))))
    const exchanged = own(r.mul(own(r.reverse(halves, 2)), own(r.upload(crossed, rows))))
    return r.reshape(own(r.add(kept, exchanged)), [T, columns])
  })
}

/** [gather.1] rows [R] of a table [N, D] → [R, D]. Neighbours are taken together. */
export function gather<T>(r: Runtime<T>, rows: Int32Array, table: T): T {
  const columns = r.shape(table)[1]
  return tidy(r, (own) => {
    const pieces = runsOf(rows).map(([from, length]) => r.slice(table, [from, 0], [length, columns]))
    return pieces.length === 1 ? pieces[0] : r.concat(pieces.map(own), 0)
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
