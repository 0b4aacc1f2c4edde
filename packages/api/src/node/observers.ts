import type { Observer } from '../observer.ts'

/** Tells several observers; the last one that has metrics gives them. */
export function observers(...all: readonly Observer[]): Observer {
  const measured = all.findLast(({ metrics }) => metrics !== undefined)
  return {
    finished(event) {
      for (const observer of all) observer.finished(event)
    },
    ...(measured && { metrics: () => measured.metrics!() }),
  }
}
