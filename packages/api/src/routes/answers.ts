import type { GenerationRequest } from '@tramontane/core'
import { blameRequest } from '../errors.ts'
import type { GenerationSettings } from '../schema/requests.ts'
import type { ServedModel, Serving } from '../serving.ts'
import type { Constrain } from '../structure/constraints.ts'
import type { CallMarks } from '../text/answer-text.ts'
import { choiceText, type ChoiceEvent } from '../text/choice-text.ts'
import { merge, type Indexed } from '../text/merge.ts'
import { randomSeed, choiceSeed } from './seeds.ts'

/** Prompts, encoded and found to fit, and how they are to be gone on with. */
export interface Question {
  readonly settings: GenerationSettings
  readonly prompts: readonly { readonly ids: Int32Array; readonly maxTokens: number }[]
  /** Likeliest tokens to report beside each; null: no log-probabilities. */
  readonly logprobs: number | null
  /** Those of the prompts are reported too. */
  readonly promptLogprobs: boolean
  /** What the answers may be made of; null: any text. */
  readonly constrain: Constrain | null
  /** The answers go on with a text: a space in front is part of them. */
  readonly continues: boolean
  /** Where there may be calls of tools. */
  readonly calls?: CallMarks
  /** Whose question it is: nothing is reused of what others have left. */
  readonly owner: string
  readonly signal: AbortSignal
}

/**
 * Puts n requests per prompt to the engine, all or none, and reads their text: choice p·n + i is answer i to prompt p.
 * Throws QueueFullError, and ApiError 400 for what can never run.
 */
export function answers({ engine, model }: Serving, question: Question): AsyncGenerator<Indexed<ChoiceEvent>> {
  const { settings, continues, calls } = question
  const end = endOf(settings, model)
  const generations = submitted(() => engine.submit(requestsOf(question, end)))
  const options = { tokenizer: model.tokenizer, stop: settings.stop, end, continues, ...(calls && { calls }) }
  return merge(generations.map((generation) => choiceText(generation, options)))
}

function submitted<T>(submit: () => T): T {
  try {
    return submit()
  } catch (error) {
    throw blameRequest(error)
  }
}

function endOf({ ignoreEnd, stopTokenIds }: GenerationSettings, { end }: ServedModel): number[] {
  return [...(ignoreEnd ? [] : end), ...stopTokenIds]
}

function requestsOf(question: Question, end: readonly number[]): GenerationRequest[] {
  const { settings, prompts, logprobs, promptLogprobs, constrain, owner, signal } = question
  const seed = settings.sampling.seed ?? randomSeed()
  return prompts.flatMap(({ ids, maxTokens }) =>
    Array.from({ length: settings.n }, (_, choice) => ({
      prompt: ids,
      maxTokens,
      sampling: { ...settings.sampling, seed: choiceSeed(seed, choice) },
      end,
      ...(logprobs !== null && { logprobs, promptLogprobs }),
      ...(constrain !== null && { constraint: constrain() }),
      owner,
      signal,
    })),
  )
}
