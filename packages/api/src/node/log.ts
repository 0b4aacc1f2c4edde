import { pino, type Logger } from 'pino'
import type { Observer } from '../observer.ts'

export const logLevels = ['silent', 'error', 'warn', 'info', 'debug'] as const
export type LogLevel = (typeof logLevels)[number]

export interface LogOptions {
  /** What is written at least; default 'info', which has a line for every request but those of probes. */
  readonly level?: LogLevel
  readonly stream: { write(line: string): unknown }
}

/** Routes that machines ask every few seconds. */
const probes: ReadonlySet<string> = new Set(['/health', '/metrics'])

/** A log of one JSON object a line. It never holds a key, nor anything that was asked or answered. */
export function logger({ level = 'info', stream }: LogOptions): Logger {
  return pino({ level, base: null, timestamp: pino.stdTimeFunctions.isoTime }, stream as pino.DestinationStream)
}

/** A line for every request: an error with its stack where the server failed, a warning where it had no room, debug for probes. */
export function requestLog(log: Logger): Observer {
  return {
    finished({ error, finishReasons, ms, firstTokenMs, ...event }) {
      const times = { ms: Math.round(ms), firstTokenMs: firstTokenMs === null ? null : Math.round(firstTokenMs) }
      const fields = { ...event, ...times, finishReasons: finishReasons.join() }
      if (error !== undefined) log.error({ ...fields, err: error }, 'failed')
      else if (probes.has(event.route)) log.debug(fields, 'request')
      else if (event.status === 429 || event.status >= 500) log.warn(fields, 'refused')
      else log.info(fields, 'request')
    },
  }
}
