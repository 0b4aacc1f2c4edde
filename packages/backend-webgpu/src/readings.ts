import { tensor, type Batch, type Candidates, type Values } from '@tramontane/core'
import type { PagedCache } from './pages.ts'
import type { Staged } from './recorder.ts'
import { candidatesFrom, greedyTokens } from './top.ts'

/** Some rows of logits, or what was found out about them, on their way to the host. */
export interface Reading {
  readonly staged: Staged
  /** Where in the output [R, V] they belong; empty where only the choice is wanted. */
  readonly rows: readonly number[]
  /** Feeds about whose last row something was found out. */
  readonly feeds: readonly number[]
}

/** Where in the wanted rows the last one of each feed is → the feed. */
export function lastRows(rowCounts: readonly number[]): ReadonlyMap<number, number> {
  const found = new Map<number, number>()
  let end = 0
  for (const [feed, count] of rowCounts.entries()) {
    end += count
    if (count > 0) found.set(end - 1, feed)
  }
  return found
}

/** What a pass leaves behind, of what was read. @throws {Error} a logit is not a number */
export function valuesOf(
  { rows, rowCounts, outputs, choose }: Batch<PagedCache>,
  readings: readonly Reading[],
  read: readonly ArrayBuffer[],
  V: number,
): Values {
  const logits = outputs.includes('logits') ? new Float32Array(rows.length * V) : null
  const chosen = choose === 'greedy' ? rowCounts.map(() => -1) : []
  const candidates = typeof choose === 'object' ? rowCounts.map((): Candidates | null => null) : []
  for (const [i, { rows, feeds }] of readings.entries()) {
    const values = new Float32Array(read[i], 0, rows.length * V)
    for (const [k, r] of rows.entries()) logits!.set(values.subarray(k * V, (k + 1) * V), r * V)
    const words = new Uint32Array(read[i], values.byteLength)
    if (choose === 'greedy') {
      for (const [k, token] of greedyTokens(words, feeds.length).entries()) chosen[feeds[k]] = token
    } else if (choose) {
      for (const [k, found] of candidatesFrom(words, feeds.length, choose.topK).entries()) candidates[feeds[k]] = found
    }
  }
  const value = logits && tensor('F32', [rows.length, V], logits)
  return { outputs: new Map(value ? [['logits', value]] : []), patterns: new Map(), chosen, candidates }
}
