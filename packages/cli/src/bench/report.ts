import type { Usage } from '@tramontane/core'
import type { About } from '../made.ts'
import type { Limits } from './limits.ts'
import type { PeakMemory } from './memory.ts'
import type { Verdict } from './gate.ts'
import type { Case, Plan } from './plan.ts'
import type { Spread } from './statistics.ts'

/** What `bench` found; plain data. Documented in docs/benchmarks.md. */
export interface Report {
  readonly plan: Plan
  /** Where the context had no room for what was asked. */
  readonly notes: readonly string[]
  readonly backends: readonly BackendReport[]
}

export interface BackendReport {
  readonly name: string
  /** What computed, and why it was that: a card that was not found, for example. Null where nothing is known of it. */
  readonly about: Pick<About, 'version' | 'why'> | null
  readonly threads: number
  /** Prompt tokens of one pass. */
  readonly chunk: number
  /** The gate was passed and nothing failed; without it the figures say nothing. */
  readonly valid: boolean
  /** Null for the backend that defines what is right, and where it was not reached. */
  readonly gate: Verdict | null
  readonly definition: boolean
  /** The larger of what was measured before and after the backend. */
  readonly limits: Limits | null
  readonly memory: PeakMemory | null
  /** Bytes that a position takes in the cache, all layers. */
  readonly cacheBytesPerToken: number | null
  readonly results: readonly Result[]
  /** What went wrong, where something did. */
  readonly error: string | null
}

export interface Result {
  readonly name: string
  readonly asked: Case & { readonly repetitions: number }
  /** Null where nothing was measured. */
  readonly measured: { readonly tokens: number; readonly repetitions: number } | null
  /** Why nothing was measured. */
  readonly skipped: string | null
  /** Of each repetition. */
  readonly seconds: readonly number[]
  /** Of all sequences together. */
  readonly tokensPerSecond: Spread | null
  /** Of a batch: how many times the tokens per second of one sequence in this run, by the medians. */
  readonly overOne?: number
  readonly perToken: { readonly bytes: number; readonly operations: number } | null
  /** At the median. */
  readonly bytesPerSecond: number | null
  readonly operationsPerSecond: number | null
  /** Shares of the two limits, 1 for all of it. */
  readonly share: { readonly stream: number; readonly arithmetic: number } | null
  /** What the program held after the last repetition, in bytes. */
  readonly usage: Usage | null
}

/** What is going on. */
export interface Event {
  readonly backend: string
  readonly stage: 'limits' | 'loading' | 'gate' | 'warm-up' | 'filling' | 'measuring'
  /** Where a case is measured: its name, and which repetition of how many. */
  readonly detail?: string
  /** An estimate of what this backend's cases still take, this one included. */
  readonly secondsLeft?: number
}
