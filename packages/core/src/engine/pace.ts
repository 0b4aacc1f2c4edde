/** Tokens of prompts in one pass, at least and at most. */
const least = 8
const most = 512
/** At first, and as long as nobody else waits for the pass, at least. */
const alone = 64
/** How much longer a pass may take when nobody else waits for it. */
const patience = 8
/** Weight of the newest observation. */
const newest = 0.3

/** How many tokens of prompts go into a pass: as many as take about so long, as far as passes so far tell. */
export class Pace {
  /** Milliseconds by which prompts may delay a step. */
  readonly #stall: number
  #step: number | undefined
  #perToken: number | undefined

  constructor(stall: number) {
    this.#stall = stall
  }

  /** A pass with so many tokens of prompts has taken so many milliseconds. */
  observe(promptTokens: number, milliseconds: number): void {
    if (promptTokens === 0) this.#step = average(this.#step, milliseconds)
    else this.#perToken = average(this.#perToken, Math.max(0, milliseconds - (this.#step ?? 0)) / promptTokens)
  }

  /** Tokens of prompts for the next pass; `shared` where it is also a step of running texts. */
  tokens(shared: boolean): number {
    const fitting = this.#stall / (this.#perToken ?? this.#stall / least)
    const wanted = shared ? Math.max(least, fitting) : Math.max(alone, fitting * patience)
    return Math.floor(Math.min(most, wanted))
  }
}

function average(before: number | undefined, value: number): number {
  return before === undefined ? value : before + newest * (value - before)
}
