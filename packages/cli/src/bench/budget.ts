/** How often something is measured, and with how many tokens. */
export interface Amount {
  readonly tokens: number
  readonly repetitions: number
}

/**
 * The part of `asked` that fits in `seconds`: first fewer repetitions, then fewer tokens, in multiples of `step`. Null
 * where not even one step fits.
 */
export function fit(asked: Amount, secondsPerToken: number, seconds: number, step: number): Amount | null {
  const repetitions = Math.min(asked.repetitions, Math.floor(seconds / (asked.tokens * secondsPerToken)))
  if (repetitions >= 1) return { tokens: asked.tokens, repetitions }
  const tokens = Math.floor(seconds / secondsPerToken / step) * step
  return tokens > 0 ? { tokens, repetitions: 1 } : null
}

/**
 * Seconds to set aside for the cases after the first, so that each is measured once before one is repeated; those that
 * do not fit in `seconds` get nothing. `once` has an estimate for each case.
 */
export function reserve([first, ...later]: readonly number[], seconds: number): number {
  let reserved = 0
  for (const estimate of later) {
    if (first + reserved + estimate > seconds) break
    reserved += estimate
  }
  return reserved
}
