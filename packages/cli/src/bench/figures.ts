import type { Limits } from './limits.ts'
import type { Meter, Timed } from './meter.ts'
import { caseName, sequences } from './plan.ts'
import type { Result } from './report.ts'
import { spread } from './statistics.ts'

/** Makes figures of what was timed. `cacheElements`: of keys and values that a position adds, all layers. */
export function figures(
  { asked, measured, skipped, seconds, usage }: Timed,
  repetitions: number,
  { pace, width }: Pick<Meter, 'pace' | 'width'>,
  cacheElements: number,
  limits: Limits,
): Result {
  const what = { name: caseName(asked), asked: { ...asked, repetitions }, measured, skipped, seconds, usage }
  if (measured === null) return { ...what, ...unmeasured }
  const tokens = measured.tokens * sequences(asked)
  const tokensPerSecond = spread(seconds.map((s) => tokens / s))
  const cost = pace.cost({ ...asked, tokens: measured.tokens })
  const cacheBytes = (cost.cacheReads + cost.cacheWrites) * (width.bytesPerToken / cacheElements)
  const perToken = { bytes: (cost.weightBytes + cacheBytes) / tokens, operations: cost.operations / tokens }
  const bytesPerSecond = perToken.bytes * tokensPerSecond.median
  const operationsPerSecond = perToken.operations * tokensPerSecond.median
  const share = {
    stream: bytesPerSecond / limits.bytesPerSecond,
    arithmetic: operationsPerSecond / limits.operationsPerSecond,
  }
  return { ...what, tokensPerSecond, perToken, bytesPerSecond, operationsPerSecond, share }
}

/** Holds each batch against one sequence, where both were measured. */
export function compared(results: readonly Result[]): Result[] {
  return results.map((result) => {
    const { asked, tokensPerSecond } = result
    const one = results.find(({ asked: other }) => {
      return other.kind === 'generate' && other.depth === asked.depth && other.batch === undefined
    })
    if (asked.batch === undefined || tokensPerSecond === null || !one?.tokensPerSecond) return result
    return { ...result, overOne: tokensPerSecond.median / one.tokensPerSecond.median }
  })
}

const unmeasured = {
  tokensPerSecond: null,
  perToken: null,
  bytesPerSecond: null,
  operationsPerSecond: null,
  share: null,
} as const
