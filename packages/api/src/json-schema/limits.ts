import { partsOf, type Expression } from '../grammar/grammar.ts'
import type { JsonOptions } from '../grammar/json.ts'
import { defaultLimits, type Limits } from '../grammar/limit.ts'
import { SchemaError } from './schema-error.ts'

export interface SchemaOptions extends JsonOptions {
  /** What it may cost, together with the schemas that have the same budget; default: as much as one may. */
  readonly budget?: Budget
}

/**
 * What one schema may cost in all, reached without a clock. Parts of rules become steps of the program that reads them, of which
 * there may be 100,000, so that they are counted together whatever the number of schemas.
 */
const most = { steps: 1_000_000, alternatives: 2_500, rules: 12_000, parts: 80_000 } as const

/** Counts what the compilation of a schema has cost, or of several; throws SchemaError where it is too much. */
export class Budget {
  /** For automata, which share their steps. */
  readonly limits: Limits
  readonly #times: number
  #alternatives = 0
  #rules = 0
  #parts = 0

  /** `times`: what so many schemas may cost, each as much as one alone. */
  constructor(times = 1) {
    this.#times = times
    this.limits = { ...defaultLimits, left: { steps: times * most.steps } }
  }

  /** Ways to satisfy a schema that are looked at. */
  addAlternative(at: string): void {
    const limit = this.#times * most.alternatives
    if (++this.#alternatives > limit) throw tooLarge(`more than ${limit} alternatives`, at)
  }

  addRule(expression: Expression, at: string): void {
    const limit = this.#times * most.rules
    if (++this.#rules > limit) throw tooLarge(`the grammar has more than ${limit} rules`, at)
    this.#parts += sizeOf(expression)
    if (this.#parts > most.parts) throw tooLarge(`the grammar has more than ${most.parts} parts`, at)
  }
}

/** Texts of a choice are one part together. */
function sizeOf(expression: Expression): number {
  const texts = expression.kind === 'choice' ? expression.parts.filter(({ kind }) => kind === 'bytes').length : 0
  const open = [expression]
  let size = 1 - Math.max(0, texts - 1)
  for (let at = open.pop(); at !== undefined; at = open.pop()) {
    const parts = partsOf(at)
    size += parts.length
    for (const part of parts) if (part.kind !== 'bytes') open.push(part)
  }
  return size
}

function tooLarge(what: string, at: string): SchemaError {
  return new SchemaError(`${what}, the limit; make the schema simpler`, { at, keyword: null }, 'too large')
}
