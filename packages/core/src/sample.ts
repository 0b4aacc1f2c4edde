import { greedy } from './candidates.ts'
import type { Candidates } from './backend.ts'
import { InputError } from './errors.ts'
import { largestOf, logSumExp } from './log-sum-exp.ts'
import { uniform } from './philox.ts'
import { ranked } from './ranking.ts'

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
  /** Log-probability under the model, before mask, bias, penalties and temperature. */
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
 * `allowed`: bit `id & 31` of word `id >>> 5` is set for the tokens that are; default all.
 */
export function choose(logits: Float64Array, sampling: Sampling, context: Context, allowed?: Uint32Array): number {
  largestOf(logits)
  const scores = masked(logits, allowed)
  adjust(scores, sampling, context)
  return pick(remaining(scores, sampling), sampling.seed ?? 0, context.generated.length)
}

/** The most tokens that a device is asked for, to draw one of them. */
export const mostCandidates = 64

/**
 * Picks the next token as `choose` does without bias, penalties and mask, of the likeliest tokens alone: for temperature 0, and
 * for a `topK` that is above 0 and no more than there are.
 */
export function chooseFrom({ tokens, logits }: Candidates, sampling: Sampling, generated: number): number {
  largestOf(logits)
  // Ranks are ids here: they ascend as scores descend, and where scores are equal as ids do.
  return tokens[pick(remaining(logits, sampling), sampling.seed ?? 0, generated)]
}

/** As `choose`, with the token's log-probability: a sum over the whole vocabulary more. */
export function sample(logits: Float64Array, sampling: Sampling, context: Context, allowed?: Uint32Array): Choice {
  const token = choose(logits, sampling, context, allowed)
  return { token, logprob: logits[token] - logSumExp(logits) }
}

/** A copy of the logits, with −∞ for what is not allowed, which is all that has no bit in the mask. */
function masked(logits: Float64Array, allowed: Uint32Array | undefined): Float64Array {
  const scores = logits.slice()
  if (allowed === undefined) return scores
  for (let token = 0; token < scores.length; token++) {
    if (!(allowed[token >>> 5] & (1 << (token & 31)))) scores[token] = -Infinity
  }
  return scores
}

/** Bias and penalties, in place on scores [V]. */
export function adjust(scores: Float64Array, sampling: Sampling, { prompt, generated }: Context): void {
  const { bias, repetitionPenalty = 1, frequencyPenalty = 0, presencePenalty = 0 } = sampling
  for (const [token, value] of bias ?? []) scores[token] += value
  if (repetitionPenalty !== 1) {
    for (const token of distinct(scores.length, prompt, generated)) {
      scores[token] = scores[token] > 0 ? scores[token] / repetitionPenalty : scores[token] * repetitionPenalty
    }
  }
  if (frequencyPenalty !== 0) for (const token of generated) scores[token] -= frequencyPenalty
  if (presencePenalty !== 0) for (const token of distinct(scores.length, generated)) scores[token] -= presencePenalty
}

/** Every token below V that is in one of the lists, once. */
function distinct(V: number, ...lists: readonly ArrayLike<number>[]): number[] {
  const seen = new Uint8Array(V)
  const found: number[] = []
  for (const list of lists) {
    for (let i = 0; i < list.length; i++) {
      if (seen[list[i]] !== 0) continue
      seen[list[i]] = 1
      found.push(list[i])
    }
  }
  return found
}

/** The tokens that may be drawn, in the order of drawing, and their weights, which need not sum to 1. */
export interface Distribution {
  readonly tokens: readonly number[]
  readonly weights: readonly number[]
}

/** What is left of scores [V] after temperature, min-p, top-k and top-p; one token at temperature 0. */
export function distribution(scores: Float64Array, sampling: Sampling): Distribution {
  const { tokens, weights } = remaining(scores, sampling)
  return { tokens: [...tokens], weights: [...weights] }
}

/** A distribution of many tokens. */
interface Weighed {
  readonly tokens: Uint32Array
  readonly weights: Float64Array
}

function remaining(scores: Float64Array, { temperature = 0, topP = 1, topK = 0, minP = 0 }: Sampling): Weighed {
  const best = greedy(scores)
  const top = scores[best]
  if (!(top > -Infinity)) throw new Error('sampling: no token is allowed')
  if (temperature === 0) return { tokens: Uint32Array.of(best), weights: Float64Array.of(1) }
  let tokens = possible(scores)
  // Equal scores weigh 1 also where they are infinite.
  const weight = (token: number): number => (scores[token] === top ? 1 : Math.exp((scores[token] - top) / temperature))
  // Which k are the likeliest does not depend on whether unlikely ones have gone.
  if (topK > 0) tokens = ranked(scores, tokens, topK)
  if (minP > 0) tokens = tokens.filter((token) => weight(token) >= minP)
  if (topK === 0 && topP < 1) tokens = ranked(scores, tokens, tokens.length)
  const weights = new Float64Array(tokens.length)
  for (let i = 0; i < tokens.length; i++) weights[i] = weight(tokens[i])
  const kept = topP < 1 ? reach(weights, topP * sum(weights)) : tokens.length
  return { tokens: tokens.subarray(0, kept), weights: weights.subarray(0, kept) }
}

/** The tokens above −∞, ascending. */
function possible(scores: Float64Array): Uint32Array {
  const tokens = new Uint32Array(scores.length)
  let count = 0
  for (let token = 0; token < scores.length; token++) if (scores[token] > -Infinity) tokens[count++] = token
  return tokens.subarray(0, count)
}

function pick({ tokens, weights }: Weighed, seed: number | bigint, draw: number): number {
  return tokens[reach(weights, uniform(seed, draw) * sum(weights), true) - 1]
}

/** In order: another one would round differently. */
function sum(numbers: Float64Array): number {
  let total = 0
  for (let i = 0; i < numbers.length; i++) total += numbers[i]
  return total
}

/** How many weights it takes until their sum reaches (or, if strict, exceeds) the target; all where it never does. */
function reach(weights: Float64Array, target: number, strict = false): number {
  let reached = 0
  for (let i = 0; i < weights.length; i++) {
    reached += weights[i]
    if (strict ? reached > target : reached >= target) return i + 1
  }
  return weights.length
}
