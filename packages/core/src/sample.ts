import { InputError } from './errors.ts'
import { largestOf, logSumExp } from './log-sum-exp.ts'
import { uniform } from './philox.ts'

/** How the next token is picked. Every field may be left out. Spec: [sampling]. */
export interface Sampling {
  /** 0 (the default) takes the largest logit; the lowest id among equals. */
  readonly temperature?: number
  /** Keeps the smallest set of tokens whose probabilities reach topP, the one that crosses it included. */
  readonly topP?: number
  /** Keeps the k most likely tokens, lower ids first among equals; 0 keeps all. */
  readonly topK?: number
  /** Keeps tokens at least minP times as likely as the likeliest. */
  readonly minP?: number
  /** Divides positive logits and multiplies negative ones of every token in the prompt or the answer. */
  readonly repetitionPenalty?: number
  /** Subtracted once for every time a token was generated. */
  readonly frequencyPenalty?: number
  /** Subtracted once if a token was generated. */
  readonly presencePenalty?: number
  /** Added to the logits of these tokens. */
  readonly bias?: ReadonlyMap<number, number>
  readonly seed?: number | bigint
}

/** What was there before the token to be picked. */
export interface Context {
  readonly prompt: ArrayLike<number>
  readonly generated: readonly number[]
}

export interface Choice {
  readonly token: number
  /** Log-probability under the model, before bias, penalties and temperature. */
  readonly logprob: number
}

/** Throws InputError naming the field, its range and the value found. */
export function checkSampling(sampling: Sampling): void {
  const range = (name: keyof Sampling, accepted: (value: number) => boolean, words: string) => {
    const value = sampling[name]
    if (value !== undefined && !(typeof value === 'number' && accepted(value))) {
      throw new InputError(`${name} is ${String(value)}, expected ${words}`)
    }
  }
  range('temperature', (v) => v >= 0 && v < Infinity, 'a number ≥ 0')
  range('topP', (v) => v > 0 && v <= 1, 'a number in (0, 1]')
  range('topK', (v) => Number.isSafeInteger(v) && v >= 0, 'an integer ≥ 0')
  range('minP', (v) => v >= 0 && v <= 1, 'a number in [0, 1]')
  range('repetitionPenalty', (v) => v > 0 && v < Infinity, 'a number > 0')
  range('frequencyPenalty', Number.isFinite, 'a finite number')
  range('presencePenalty', Number.isFinite, 'a finite number')
  for (const [token, value] of sampling.bias ?? []) {
    if (Number.isSafeInteger(token) && token >= 0 && !Number.isNaN(value)) continue
    throw new InputError(`bias of token ${token} is ${value}, expected a number for a token id`)
  }
  for (const [token, value] of sampling.bias ?? []) {
    if (Number.isNaN(value)) throw new InputError(`bias of token ${token} is NaN, expected a number`)
  }
  if (typeof sampling.seed !== 'bigint') range('seed', Number.isSafeInteger, 'an integer below 2⁵³ (or a bigint)')
}

/**
 * Picks the next token from logits [V]. Order: mask → bias → repetition → frequency → presence → temperature → min-p →
 * top-k → top-p → draw. The draw depends on the seed and the number of tokens generated alone. Throws where a logit is
 * NaN or no token is allowed: a broken model must not look like token 0.
 */
export function choose(
  logits: Float64Array,
  sampling: Sampling,
  context: Context,
  allowed: (token: number) => boolean = () => true,
): number {
  largestOf(logits)
  const scores = logits.map((logit, token) => (allowed(token) ? logit : -Infinity))
  adjust(scores, sampling, context)
  return pick(distribution(scores, sampling), sampling.seed ?? 0, context.generated.length)
}

/** As `choose`, with the token's log-probability: a sum over the whole vocabulary more. */
export function sample(
  logits: Float64Array,
  sampling: Sampling,
  context: Context,
  allowed?: (token: number) => boolean,
): Choice {
  const token = choose(logits, sampling, context, allowed)
  return { token, logprob: logits[token] - logSumExp(logits) }
}

/** Bias and penalties, in place on scores [V]. */
export function adjust(scores: Float64Array, sampling: Sampling, { prompt, generated }: Context): void {
  const { bias, repetitionPenalty = 1, frequencyPenalty = 0, presencePenalty = 0 } = sampling
  for (const [token, value] of bias ?? []) scores[token] += value
  if (repetitionPenalty !== 1) {
    for (const token of new Set([...Array.from(prompt), ...generated])) {
      scores[token] = scores[token] > 0 ? scores[token] / repetitionPenalty : scores[token] * repetitionPenalty
    }
  }
  for (const token of generated) scores[token] -= frequencyPenalty
  for (const token of new Set(generated)) scores[token] -= presencePenalty
}

/** The tokens that may be drawn, in the order of drawing, and their weights, which need not sum to 1. */
export interface Distribution {
  readonly tokens: readonly number[]
  readonly weights: readonly number[]
}

/** What is left of scores [V] after temperature, min-p, top-k and top-p; one token at temperature 0. */
export function distribution(
  scores: Float64Array,
  { temperature = 0, topP = 1, topK = 0, minP = 0 }: Sampling,
): Distribution {
  const best = scores.reduce((top, score, token) => (score > scores[top] ? token : top), 0)
  if (!(scores[best] > -Infinity)) throw new Error('sampling: no token is allowed')
  if (temperature === 0) return { tokens: [best], weights: [1] }
  const weight = (token: number): number => Math.exp((scores[token] - scores[best]) / temperature)
  let tokens = [...scores.keys()].filter((token) => scores[token] > -Infinity && weight(token) >= minP)
  if (topK > 0 && topK < tokens.length) {
    // Sorting numbers alone is many times as fast as sorting tokens by them.
    const least = scores.toSorted()[scores.length - topK]
    tokens = tokens.filter((token) => scores[token] >= least)
  }
  if (topK > 0 || topP < 1) tokens.sort((a, b) => scores[b] - scores[a] || a - b)
  if (topK > 0) tokens = tokens.slice(0, topK)
  const weights = tokens.map(weight)
  const kept = topP < 1 ? reach(weights, topP * sum(weights)) : tokens.length
  return { tokens: tokens.slice(0, kept), weights: weights.slice(0, kept) }
}

function pick({ tokens, weights }: Distribution, seed: number | bigint, draw: number): number {
  const target = uniform(seed, draw) * sum(weights)
  return tokens[Math.min(reach(weights, target, true), tokens.length) - 1]
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((a, b) => a + b, 0)
}

/** How many weights it takes until their sum reaches (or, if strict, exceeds) the target; at least one. */
function reach(weights: readonly number[], target: number, strict = false): number {
  let reached = 0
  const index = weights.findIndex((weight) => ((reached += weight), strict ? reached > target : reached >= target))
  return index < 0 ? weights.length : index + 1
}
