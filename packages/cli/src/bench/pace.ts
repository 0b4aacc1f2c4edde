import type { Graph } from '@tramontane/core'
import { addCosts, passCosts, type Cost } from './cost.ts'
import type { Case } from './plan.ts'
import { chunks } from './run.ts'

/** Knows what cases cost, and guesses how long they take from how long others took. */
export class Pace {
  readonly #costs: ReturnType<typeof passCosts>
  readonly #chunk: number
  /** Operations per second as last seen. */
  readonly #seen = new Map<string, number>()

  constructor(graph: Graph, chunk: number) {
    this.#costs = passCosts(graph)
    this.#chunk = chunk
  }

  /** The least that the passes of a case cost, together. */
  cost({ kind, tokens, depth, batch = 1 }: Case): Cost {
    const sizes = chunks(tokens, kind === 'prompt' ? this.#chunk : 1)
    let past = depth
    return addCosts(
      sizes.map((T, i) => {
        const R = kind === 'generate' || i === sizes.length - 1 ? 1 : 0
        const cost = this.#costs({ past, T, R, batch })
        past += T
        return cost
      }),
    )
  }

  learn(done: Case, seconds: number): void {
    this.#seen.set(paceOf(done), this.cost(done).operations / seconds)
  }

  /** An estimate of the seconds that a case takes once. */
  seconds(asked: Case): number {
    if (asked.tokens === 0) return 0
    // A batch that was not seen yet is guessed to be as slow as single sequences are.
    const seen = this.#seen.get(paceOf(asked)) ?? this.#seen.get(asked.kind) ?? Infinity
    return this.cost(asked).operations / seen
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

/** Cases of the same kind run at about the same pace. */
function paceOf({ kind, batch }: Case): string {
  return batch === undefined ? kind : `${kind} ${batch}`
}
