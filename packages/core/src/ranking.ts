/** Up to so many neighbours are sorted by insertion, more by comparing as the language does. */
const few = 16

/**
 * The first `count` of some token ids by descending score, lower ids first among equals. `tokens` ascend; scores [V] are
 * not NaN. A bucket sort, as many buckets as tokens at equal distances from the largest score to the smallest, of which only
 * those that are needed are put in order.
 */
export function ranked(scores: Float64Array, tokens: Uint32Array, count: number): Uint32Array {
  const { order, ends } = bucketed(scores, tokens)
  let from = 0
  for (let bucket = 0; from < Math.min(count, order.length); bucket++) {
    sortPart(order, from, ends[bucket], scores)
    from = ends[bucket]
  }
  return order.subarray(0, count)
}

/** The tokens bucket by bucket, ascending within each, and where each bucket ends. */
function bucketed(scores: Float64Array, tokens: Uint32Array): { order: Uint32Array; ends: Uint32Array } {
  const n = tokens.length
  let [most, least] = [-Infinity, Infinity]
  for (let i = 0; i < n; i++) {
    if (scores[tokens[i]] > most) most = scores[tokens[i]]
    if (scores[tokens[i]] < least) least = scores[tokens[i]]
  }
  const scale = (n - 1) / (most - least)
  const bucket = new Uint32Array(n)
  const starts = new Uint32Array(n + 1)
  for (let i = 0; i < n; i++) {
    // Never falls as the score falls. What is no finite number (all equal, or infinitely far) counts as bucket 0: then all do.
    bucket[i] = ((most - scores[tokens[i]]) * scale) | 0
    starts[bucket[i] + 1]++
  }
  for (let b = 1; b <= n; b++) starts[b] += starts[b - 1]
  const order = new Uint32Array(n)
  for (let i = 0; i < n; i++) order[starts[bucket[i]]++] = tokens[i]
  return { order, ends: starts }
}

function sortPart(order: Uint32Array, from: number, to: number, scores: Float64Array): void {
  if (to - from > few) {
    order.subarray(from, to).sort((a, b) => scores[b] - scores[a] || a - b)
    return
  }
  for (let i = from + 1; i < to; i++) {
    const token = order[i]
    let place = i
    for (; place > from && scores[order[place - 1]] < scores[token]; place--) order[place] = order[place - 1]
    order[place] = token
  }
}

/** The ids of the `count` largest values, largest first, lower ids first among equals. One pass, meant for few. */
export function largest(values: Float64Array, count: number): number[] {
  const found: number[] = []
  if (count === 0) return found
  for (let id = 0; id < values.length; id++) {
    if (found.length === count) {
      if (!(values[id] > values[found[count - 1]])) continue
      found.pop()
    }
    let place = found.length
    while (place > 0 && values[found[place - 1]] < values[id]) place--
    found.splice(place, 0, id)
  }
  return found
}
