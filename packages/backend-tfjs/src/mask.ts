import type { Chunk } from './chunked-cache.ts'
import type { Kept } from './kept.ts'

/** Added to a score, makes its probability exactly 0; no infinity, which would turn a row of nothing else into NaN. */
const hiding = -1e30

/**
 * [attention.3] What is added to the scores [count · group, keys of the chunk] of queries at positions first … first + count
 * − 1; null where every query sees every key. It depends on distances alone: many blocks of a prompt, and all layers, have
 * the same.
 */
export function maskOf<T>(
  kept: Kept<T>,
  { from, length }: Pick<Chunk<T>, 'from' | 'length'>,
  first: number,
  count: number,
  group: number,
  window: number | null,
): T | null {
  const width = window ?? Infinity
  const last = first + count - 1
  if (from + length - 1 <= first && last - width < from) return null
  const ahead = first - from
  const key = `mask ${ahead} ${length} ${count} ${group} ${width}`
  return kept.of(key, [count * group, length], () => hidden(ahead, length, count, group, width))
}

/** `ahead`: from the first key to the first query. */
function hidden(ahead: number, length: number, count: number, group: number, width: number): Float32Array {
  const mask = new Float32Array(count * group * length)
  for (let row = 0; row < count * group; row++) {
    const i = ahead + Math.floor(row / group)
    const [begin, end] = [i - width + 1, i + 1].map((key) => Math.min(length, Math.max(0, key)))
    mask.fill(hiding, row * length, row * length + begin)
    mask.fill(hiding, row * length + end, (row + 1) * length)
  }
  return mask
}
