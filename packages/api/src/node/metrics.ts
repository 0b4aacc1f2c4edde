import type { EngineState } from '@tramontane/core'
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client'
import type { Observer } from '../observer.ts'

/** Seconds: from a kept prefix on a fast device to a long prompt on a slow one. */
const seconds = [0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300]

const totals = {
  prompt_tokens_total: ['Prompt tokens fed to the model; cached ones are not.', 'promptTokens'],
  cached_tokens_total: ['Prompt tokens that a kept sequence already held.', 'cachedTokens'],
  generated_tokens_total: ['Tokens drawn, whoever was there to read them.', 'generatedTokens'],
  passes_total: ['Passes through the model.', 'passes'],
} as const

const states = {
  slots_live: ['Requests that are being fed or decoded.', 'live'],
  queue_length: ['Requests that wait for a slot.', 'waiting'],
  sequences_kept: ['Finished sequences kept for reuse.', 'kept'],
  cache_bytes: ['Bytes of keys and values promised or held.', 'cacheBytes'],
  cache_budget_bytes: ['Bytes that keys and values may take.', 'cacheBudget'],
} as const

/**
 * Watches requests and engine for Prometheus, in a registry of its own. `state` gives the engine's state, undefined before
 * there is one. Names begin with `tramontane_`, but for those of Node's process.
 */
export function metrics(state: () => EngineState | undefined): Required<Observer> {
  const registry = new Registry()
  const own = { registers: [registry] }
  collectDefaultMetrics({ register: registry })
  for (const [name, [help, key]] of Object.entries(totals)) {
    const collect = function (this: Counter): void {
      this.reset()
      this.inc(state()?.[key] ?? 0)
    }
    new Counter({ name: `tramontane_${name}`, help, ...own, collect })
  }
  for (const [name, [help, key]] of Object.entries(states)) {
    const collect = function (this: Gauge): void {
      this.set(state()?.[key] ?? 0)
    }
    new Gauge({ name: `tramontane_${name}`, help, ...own, collect })
  }
  const requests = requestMetrics(registry)
  return {
    finished: requests,
    metrics: async () => ({ contentType: registry.contentType, text: await registry.metrics() }),
  }
}

function requestMetrics(registry: Registry): Observer['finished'] {
  const own = { registers: [registry] }
  const requests = new Counter({
    name: 'tramontane_requests_total',
    help: 'Requests by route and status of the reply; 499 where the client left before.',
    labelNames: ['route', 'status'],
    ...own,
  })
  const aborted = new Counter({
    name: 'tramontane_aborted_requests_total',
    help: 'Requests whose client left before the end.',
    labelNames: ['route'],
    ...own,
  })
  const duration = new Histogram({
    name: 'tramontane_request_duration_seconds',
    help: 'From the arrival of a request to the last byte of its reply.',
    labelNames: ['route'],
    buckets: seconds,
    ...own,
  })
  const firstToken = new Histogram({
    name: 'tramontane_time_to_first_token_seconds',
    help: 'From the arrival of a request to the first text of an answer.',
    labelNames: ['route'],
    buckets: seconds,
    ...own,
  })
  return ({ route, status, ms, firstTokenMs, aborted: left }) => {
    requests.inc({ route, status })
    if (left) aborted.inc({ route })
    duration.observe({ route }, ms / 1000)
    if (firstTokenMs !== null) firstToken.observe({ route }, firstTokenMs / 1000)
  }
}
