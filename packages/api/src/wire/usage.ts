import type { FinishReason } from '../text/answer-text.ts'
import type { ChoiceEvent } from '../text/choice-text.ts'
import type { Indexed } from '../text/merge.ts'
import type { Usage } from '../schema/responses.ts'

export interface TallyOptions {
  /** Tokens of all prompts, each counted once however many choices go on with it. */
  readonly promptTokens: number
  /** Choices per prompt; choice p·n + i goes on with prompt p. */
  readonly n: number
  /** USD per million tokens, of prompt and answer alike. */
  readonly price: number
}

/** Counts what a request takes, while it runs. */
export class Tally {
  readonly #options: TallyOptions
  readonly #cached = new Map<number, number>()
  readonly #generated = new Map<number, number>()
  readonly #reasons = new Map<number, FinishReason>()

  constructor(options: TallyOptions) {
    this.#options = options
  }

  /** By choice, of those that have ended. */
  get finishReasons(): ReadonlyMap<number, FinishReason> {
    return this.#reasons
  }

  take({ index, event }: Indexed<ChoiceEvent>): void {
    const prompt = Math.floor(index / this.#options.n)
    const before = this.#generated.get(index) ?? 0
    // The choice that found least computed the prompt; the others found what that one had left behind.
    if (event.type === 'start') this.#cached.set(prompt, Math.min(this.#cached.get(prompt) ?? Infinity, event.cached))
    if (event.type === 'text') this.#generated.set(index, before + event.tokens.length)
    if (event.type === 'call') this.#generated.set(index, before + event.drawn)
    if (event.type !== 'end') return
    this.#generated.set(index, event.generated)
    this.#reasons.set(index, event.reason)
  }

  /** So far: exact when all choices have ended; before, tokens that are held back do not count. */
  usage(): Usage {
    const { promptTokens, price } = this.#options
    const completion = sum(this.#generated.values())
    const total = promptTokens + completion
    return {
      prompt_tokens: promptTokens,
      completion_tokens: completion,
      total_tokens: total,
      prompt_tokens_details: { cached_tokens: sum(this.#cached.values()) },
      // Without the digits that are nothing but rounding.
      estimated_cost: Number(((total * price) / 1e6).toPrecision(12)),
    }
  }
}

function sum(values: Iterable<number>): number {
  return Array.from(values).reduce((total, value) => total + value, 0)
}
