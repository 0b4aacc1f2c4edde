import type { EngineState } from '@tramontane/core'
import { expect, test } from 'vitest'
import type { RequestEvent } from '../observer.ts'
import { logger, requestLog, type LogLevel } from './log.ts'
import { metrics } from './metrics.ts'
import { observers } from './observers.ts'

const event: RequestEvent = {
  id: 'req-1',
  method: 'POST',
  route: '/v1/chat/completions',
  path: '/v1/openai/chat/completions',
  status: 200,
  ms: 1234.5,
  firstTokenMs: 300,
  stream: true,
  promptTokens: 15,
  cachedTokens: 4,
  completionTokens: 16,
  finishReasons: ['stop', 'length'],
  aborted: false,
}

function logged(level: LogLevel | undefined, ...events: readonly RequestEvent[]): Record<string, unknown>[] {
  const lines: string[] = []
  const stream = { write: (line: string) => lines.push(line) }
  const log = requestLog(logger({ stream, ...(level && { level }) }))
  events.forEach((one) => log.finished(one))
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>)
}

test('a request is one line of JSON', () => {
  const [line, ...others] = logged(undefined, event)
  expect(others).toEqual([])
  expect(line).toMatchObject({
    level: 30,
    msg: 'request',
    id: 'req-1',
    status: 200,
    ms: 1235,
    finishReasons: 'stop,length',
  })
  expect(new Date(line['time'] as string).getTime()).toBeGreaterThan(Date.now() - 60_000)
})

test('what failed is an error with its stack, a full queue a warning, a probe nothing', () => {
  const failed = { ...event, status: 500, error: new Error('boom') }
  const full = { ...event, status: 429 }
  const probe = { ...event, route: '/health' }
  const loading = { ...probe, status: 503 }
  const lines = logged(undefined, failed, full, probe, loading)
  expect(lines.map(({ level, msg }) => [level, msg])).toEqual([
    [50, 'failed'],
    [40, 'refused'],
  ])
  expect(lines[0]['err']).toMatchObject({ message: 'boom', stack: expect.stringContaining('observers.test') as string })
})

test('every level tells its own lines', () => {
  const events = [{ ...event, route: '/health' }, event, { ...event, status: 429 }, { ...event, error: new Error() }]
  const levels: LogLevel[] = ['debug', 'info', 'warn', 'error', 'silent']
  expect(levels.map((level) => logged(level, ...events).length)).toEqual([4, 3, 2, 1, 0])
})

const state: EngineState = {
  live: 3,
  waiting: 2,
  kept: 1,
  cacheBytes: 1000,
  cacheBudget: 4000,
  promptTokens: 150,
  cachedTokens: 40,
  generatedTokens: 160,
  passes: 77,
  passAge: 0,
  failure: undefined,
}

test('metrics count requests, and show the engine as it is now', async () => {
  const engine: { state?: EngineState } = {}
  const { finished, metrics: read } = metrics(() => engine.state)
  expect((await read()).text).toMatch(/^tramontane_slots_live 0$/m)
  finished(event)
  finished({ ...event, status: 499, aborted: true, firstTokenMs: null })
  engine.state = state
  await read()
  const { contentType, text } = await read()
  expect(contentType).toMatch(/^text\/plain; version=0\.0\.4/)
  const route = '/v1/chat/completions'
  for (const line of [
    `tramontane_requests_total{route="${route}",status="200"} 1`,
    `tramontane_requests_total{route="${route}",status="499"} 1`,
    `tramontane_aborted_requests_total{route="${route}"} 1`,
    `tramontane_request_duration_seconds_bucket{le="1",route="${route}"} 0`,
    `tramontane_request_duration_seconds_bucket{le="2.5",route="${route}"} 2`,
    `tramontane_time_to_first_token_seconds_count{route="${route}"} 1`,
    `tramontane_time_to_first_token_seconds_bucket{le="0.5",route="${route}"} 1`,
    'tramontane_prompt_tokens_total 150',
    'tramontane_cached_tokens_total 40',
    'tramontane_generated_tokens_total 160',
    'tramontane_passes_total 77',
    'tramontane_slots_live 3',
    'tramontane_queue_length 2',
    'tramontane_sequences_kept 1',
    'tramontane_cache_bytes 1000',
    'tramontane_cache_budget_bytes 4000',
  ]) {
    expect(text.split('\n')).toContain(line)
  }
  expect(text).toMatch(/^process_resident_memory_bytes \d+/m)
})

test('two servers in one process share no figure', async () => {
  const [a, b] = [metrics(() => undefined), metrics(() => undefined)]
  a.finished(event)
  expect((await b.metrics()).text).not.toContain('status="200"')
})

test('several observers are all told, and one of them gives the metrics', async () => {
  const seen: string[] = []
  const both = observers(
    { finished: ({ id }) => void seen.push(`a ${id}`), metrics: async () => ({ contentType: 't', text: 'a' }) },
    { finished: ({ id }) => void seen.push(`b ${id}`) },
  )
  both.finished(event)
  expect(seen).toEqual(['a req-1', 'b req-1'])
  expect(await both.metrics!()).toEqual({ contentType: 't', text: 'a' })
  expect(observers({ finished() {} }).metrics).toBeUndefined()
})
