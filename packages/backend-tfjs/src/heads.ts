import { allOrNone, tidy } from './arena.ts'
import type { Runtime } from './runtime.ts'

/**
 * Attention works on lanes: tensors with a row per query or key of one key-value head, or of all of them at once, as the
 * runtime is quicker. Looped: G tensors [n, d]. Batched: one [G, n, d].
 */

/** query [T, H·d] → rows of the H / G query heads that share a key-value head, token by token: [T·H/G, d] in every lane. */
export function queryLanes<T>(r: Runtime<T>, query: T, heads: number, kvHeads: number): T[] {
  const [T, columns] = r.shape(query)
  const d = columns / heads
  const rows = (T * heads) / kvHeads
  const shape = batched(r) ? [kvHeads, rows, d] : [rows, d]
  // Of one token all orders are the same.
  if (batched(r) && T === 1) return [r.reshape(query, shape)]
  return changed(r, split(r, query, kvHeads), (part) => r.reshape(part, shape))
}

/** key [T, G·d] → [d, T] in every lane: the second operand of a product with queries. */
export function keyLanes<T>(r: Runtime<T>, key: T, kvHeads: number): T[] {
  const [T, columns] = r.shape(key)
  const d = columns / kvHeads
  if (batched(r) && T === 1) return [r.reshape(key, [kvHeads, d, T])]
  if (batched(r)) return tidy(r, (own) => [r.transpose(own(r.reshape(key, [T, kvHeads, d])), [1, 2, 0])])
  return changed(r, split(r, key, kvHeads), (part) => (T === 1 ? r.reshape(part, [d, T]) : r.transpose(part, [1, 0])))
}

/** value [T, G·d] → [T, d] in every lane. */
export function valueLanes<T>(r: Runtime<T>, value: T, kvHeads: number): T[] {
  return split(r, value, kvHeads)
}

/** Lanes [T·H/G, d] → [T, H·d] */
export function join<T>(r: Runtime<T>, lanes: readonly T[], T: number, heads: number, kvHeads: number): T {
  return tidy(r, (own) => {
    const d = r.shape(lanes[0]).at(-1)!
    const width = (heads / kvHeads) * d
    if (!batched(r)) {
      const parts = lanes.map((lane) => own(r.reshape(lane, [T, width])))
      return r.concat(parts, 1)
    }
    const apart = own(r.reshape(lanes[0], [kvHeads, T, width]))
    return r.reshape(T === 1 ? apart : own(r.transpose(apart, [1, 0, 2])), [T, heads * d])
  })
}

function batched<T>({ heads }: Runtime<T>): boolean {
  return heads === 'batched'
}

/** Columns of each key-value head: one [T, columns / G] for each, or [G, T, columns / G]. */
function split<T>(r: Runtime<T>, x: T, kvHeads: number): T[] {
  const [T, columns] = r.shape(x)
  const width = columns / kvHeads
  if (!batched(r)) {
    return allOrNone(r, (own) => Array.from({ length: kvHeads }, (_, g) => own(r.slice(x, [0, g * width], [T, width]))))
  }
  if (T === 1) return [r.reshape(x, [kvHeads, T, width])]
  return tidy(r, (own) => [r.transpose(own(r.reshape(x, [T, kvHeads, width])), [1, 0, 2])])
}

/** What f makes of each part; the parts are freed. */
function changed<T>(r: Runtime<T>, parts: readonly T[], f: (part: T) => T): T[] {
  return tidy(r, (own) => {
    for (const part of parts) own(part)
    return allOrNone(r, (made) => parts.map((part) => made(f(part))))
  })
}
