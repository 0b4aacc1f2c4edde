import type { Graph } from '@tramontane/core'
import { addCosts, passCosts, type Cost } from './cost.ts'
import type { Case } from './plan.ts'
import { chunks } from './run.ts'

/** Knows what cases cost, and guesses how long they take from how long others took. */
export class Pace {
  readonly #costs: ReturnType<typeof passCosts>
  readonly #chunk: number
  /** Operations per second as last seen. */
  readonly #seen = { prompt: Infinity, generate: Infinity }

  constructor(graph: Graph, chunk: number) {
    this.#costs = passCosts(graph)
    this.#chunk = chunk
  }

  /** The least that the passes of a case cost, together. */
  cost({ kind, tokens, depth }: Case): Cost {
    const sizes = chunks(tokens, kind === 'prompt' ? this.#chunk : 1)
    let past = depth
    return addCosts(
      sizes.map((T, i) => {
        const R = kind === 'generate' || i === sizes.length - 1 ? 1 : 0
        const cost = this.#costs({ past, T, R })
        past += T
        return cost
      }),
    )
  }

  learn(done: Case, seconds: number): void {
    this.#seen[done.kind] = this.cost(done).operations / seconds
  }

  /** An estimate of the seconds that a case takes once. */
  seconds(asked: Case): number {
    return asked.tokens === 0 ? 0 : this.cost(asked).operations / this.#seen[asked.kind]
  }

  /** An estimate for each case, once and in order, with what it needs fed before when `held` tokens are there already. */
  once(cases: readonly Case[], held: number): number[] {
    return cases.map((asked) => {
      const missing = Math.max(0, asked.depth - held)
      held = Math.max(held, asked.depth, asked.kind === 'prompt' ? asked.tokens : 0)
      return this.seconds({ kind: 'prompt', tokens: missing, depth: asked.depth - missing }) + this.seconds(asked)
    })
  }
}
