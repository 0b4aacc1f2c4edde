import { heldAtMost, InputError } from '@tramontane/core'
import { byteText } from '../byte-text.ts'
import { around } from '../engine.ts'

/** What there is, and what was asked for. */
export interface CacheNeeds {
  /** Tokens: of the model; undefined what it takes from there. */
  readonly modelContext: number
  readonly asked: number | undefined
  /** Keys that a query sees, null for all: a sequence holds few more. */
  readonly window: number | null
  readonly slots: number
  /** Bytes: of one token; for keys and values as asked; free memory. */
  readonly position: number
  readonly budget: number | undefined
  readonly free: number
  /** Bytes that the backend has left to address, whatever is free; Infinity without such a limit. */
  readonly addressable: number
}

export interface CachePlan {
  /** Tokens of one sequence. */
  readonly context: number
  /** Bytes. */
  readonly cacheBudget: number
}

/** A context that is of any use, in tokens. */
const least = 64

/**
 * How long a sequence may be and what all may take: the model's context, as far as one such sequence fits into memory, and
 * as much as all slots can use. Throws InputError where what was asked for does not fit.
 */
export function cachePlan(needs: CacheNeeds): CachePlan {
  const { modelContext, asked, window, slots, position } = needs
  const { most, source } = limit(needs)
  const held = (context: number) => Math.min(context, heldAtMost(window)) * position
  if (asked !== undefined && asked > modelContext) {
    throw new InputError(`--context ${asked}: the model was made for at most ${modelContext} tokens`)
  }
  const fitting = held(modelContext) <= most ? modelContext : Math.floor(most / position)
  const context = asked ?? Math.max(Math.min(least, modelContext), Math.min(modelContext, fitting))
  if (held(context) > most) {
    const wanted = `a context of ${context} tokens needs ${byteText(held(context))} for keys and values`
    throw new InputError(`${wanted}, but only ${byteText(most)} ${source}`)
  }
  return { context, cacheBudget: Math.floor(Math.min(most, slots * held(context))) }
}

/** The most that keys and values may take, in bytes, and what says so. */
function limit({ budget, free, addressable }: CacheNeeds): { readonly most: number; readonly source: string } {
  const reach = Math.max(0, addressable - around)
  const allowed = budget ?? Math.max(0, free - around)
  if (reach < allowed) return { most: reach, source: 'are left to address in WebAssembly' }
  return { most: allowed, source: budget === undefined ? 'of memory are free' : '--cache-memory allows' }
}
