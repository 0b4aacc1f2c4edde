import { SingleBar } from 'cli-progress'
import type { Io } from './io.ts'

/** Work that takes less than this shows no bar, in milliseconds. */
const patience = 1000

export interface Progress {
  update(done: number, total: number): void
  /** Takes the bar away. */
  stop(): void
}

/** A bar on stderr, only for people (a terminal) and only when the work takes long. */
export function progress({ stderr }: Io, label: string): Progress {
  if (stderr.isTTY !== true) return { update() {}, stop() {} }
  const started = performance.now()
  let bar: SingleBar | undefined
  return {
    update(done, total) {
      if (bar === undefined && performance.now() - started > patience) {
        bar = new SingleBar({ stream: stderr, clearOnComplete: true, format: `${label} [{bar}] {percentage}%` })
        bar.start(total, done)
      }
      bar?.update(done)
    },
    stop: () => bar?.stop(),
  }
}
