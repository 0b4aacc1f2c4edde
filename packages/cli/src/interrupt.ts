const signals = { SIGINT: 2, SIGTERM: 15, SIGHUP: 1 } as const

/** Signals that come closer together than this are one: `timeout` and npm's scripts send theirs twice. Milliseconds. */
const once = 500

/**
 * Runs work whose signal aborts when the process is asked to end (by Ctrl-C, politely, by its terminal) or `outer` aborts,
 * so that it can clear up. Asked again, the process ends at once, with the code that shells give to a signal.
 */
export async function interruptible<T>(
  outer: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController()
  let asked: number | undefined
  const ask = (name: keyof typeof signals): void => {
    if (asked !== undefined && performance.now() - asked > once) process.exit(128 + signals[name])
    asked ??= performance.now()
    stop.abort()
  }
  const names = Object.keys(signals) as (keyof typeof signals)[]
  for (const name of names) process.on(name, ask)
  try {
    return await work(outer === undefined ? stop.signal : AbortSignal.any([stop.signal, outer]))
  } finally {
    for (const name of names) process.off(name, ask)
  }
}
