/**
 * The same generator, whose `return` first calls `cancel`. A generator's own return() waits for the step under way, and
 * that may wait minutes for a slot; this one tells the source, so that the step ends now.
 */
export function cancellable<T>(generator: AsyncGenerator<T>, cancel: () => void): AsyncGenerator<T> {
  const finish = generator.return.bind(generator)
  generator.return = (value) => {
    cancel()
    return finish(value)
  }
  return generator
}

/** A step of a pipeline; returning it returns the source at once, whether or not anything was read. */
export function piped<A, B>(
  source: AsyncIterable<A>,
  step: (source: AsyncIterable<A>) => AsyncGenerator<B>,
): AsyncGenerator<B> {
  const iterator = source[Symbol.asyncIterator]()
  return cancellable(step({ [Symbol.asyncIterator]: () => iterator }), () => dismiss(iterator))
}

/** Returns an iterator that nobody waits for any more; how that ends is of no interest. */
export function dismiss(iterator: AsyncIterator<unknown>): void {
  iterator.return?.().catch(() => {})
}
