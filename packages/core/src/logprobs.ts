import type { Candidate } from './engine/generation.ts'
import { logSumExp } from './log-sum-exp.ts'
import { largest } from './ranking.ts'

/** What is reported of one token: how likely it was, and which others were likeliest. */
export interface TokenLogprobs {
  readonly logprob: number
  /** Likeliest first, lower ids first among equals; the token itself may be among them. */
  readonly likeliest: readonly Candidate[]
}

/**
 * The natural log-probability of a token under logits [V] as the model gave them, and those of the `count` likeliest
 * tokens (at most V). A logit of −∞ gives −∞. Throws where a logit is NaN or the largest is not finite, as `sample`
 * does, and where there is no such token. Spec: [sampling.2].
 */
export function tokenLogprobs(logits: Float64Array, token: number, count: number): TokenLogprobs {
  if (!(token in logits)) throw new Error(`logits: there are ${logits.length}, none of token ${token}`)
  const normal = logSumExp(logits)
  const candidate = (token: number): Candidate => ({ token, logprob: logits[token] - normal })
  return { logprob: logits[token] - normal, likeliest: largest(logits, count).map(candidate) }
}
