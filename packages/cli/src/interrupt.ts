const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const

/**
 * Runs work that Ctrl-C, a polite end of the process or an outer signal stops, so that it can clear up. A second Ctrl-C
 * ends the process at once.
 */
export async function interruptible<T>(
  outer: AbortSignal | undefined,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const stop = new AbortController()
  const abort = () => stop.abort()
  for (const name of signals) process.once(name, abort)
  try {
    return await work(outer === undefined ? stop.signal : AbortSignal.any([stop.signal, outer]))
  } finally {
    for (const name of signals) process.off(name, abort)
  }
}
