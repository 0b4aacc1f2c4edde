import type { Candidates } from './backend.ts'
import { logSumExp } from './log-sum-exp.ts'
import { largest } from './ranking.ts'

/** The token of the largest of logits [V], the lowest id among equals. Spec: [pass.10]. */
export function greedy(logits: Float64Array): number {
  let best = 0
  for (let token = 1; token < logits.length; token++) if (logits[token] > logits[best]) best = token
  return best
}

/** Logits [V], none of them NaN → the k largest and the sum over all. Spec: [pass.12]. */
export function candidatesOf(logits: Float64Array, k: number): Candidates {
  const tokens = Uint32Array.from(largest(logits, Math.min(k, logits.length)))
  const found = Float64Array.from(tokens, (token) => logits[token])
  // An infinite logit is for who draws to refuse: it is no business of the other texts in the pass.
  return { tokens, logits: found, logSumExp: Number.isFinite(found[0]) ? logSumExp(logits) : found[0] }
}
