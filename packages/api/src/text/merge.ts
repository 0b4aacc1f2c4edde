import { cancellable, dismiss } from './early-return.ts'

/** An event of one of several. */
export interface Indexed<T> {
  readonly index: number
  readonly event: T
}

interface Source<T> {
  readonly index: number
  readonly iterator: AsyncIterator<T>
}

type Arrival<T> = { readonly source: Source<T> } & (
  { readonly result: IteratorResult<T> } | { readonly error: unknown }
)

/**
 * Events of several as they come. Of each at most one is under way or waits, and only after something was asked for. The
 * first error ends all others and is thrown; returning ends all at once.
 */
export function merge<T>(iterables: readonly AsyncIterable<T>[]): AsyncGenerator<Indexed<T>> {
  const sources = iterables.map((iterable, index) => ({ index, iterator: iterable[Symbol.asyncIterator]() }))
  const dismissAll = (): void => sources.forEach(({ iterator }) => dismiss(iterator))
  return cancellable(merged(sources, dismissAll), dismissAll)
}

async function* merged<T>(sources: readonly Source<T>[], dismissAll: () => void): AsyncGenerator<Indexed<T>> {
  const arrivals = new Arrivals<T>()
  let idle = sources
  let open = sources.length
  try {
    while (open > 0) {
      idle.forEach((source) => arrivals.ask(source))
      const arrival = await arrivals.next()
      if ('error' in arrival) throw arrival.error
      const { source, result } = arrival
      idle = result.done ? [] : [source]
      if (result.done) open--
      else yield { index: source.index, event: result.value }
    }
  } catch (error) {
    dismissAll()
    throw error
  }
}

/** What has come and was not taken: at most one per source. */
class Arrivals<T> {
  readonly #waiting: Arrival<T>[] = []
  #wake: () => void = () => {}

  ask(source: Source<T>): void {
    const arrived = (arrival: Arrival<T>): void => {
      this.#waiting.push(arrival)
      this.#wake()
    }
    source.iterator.next().then(
      (result) => arrived({ source, result }),
      (error: unknown) => arrived({ source, error }),
    )
  }

  async next(): Promise<Arrival<T>> {
    if (this.#waiting.length === 0) await new Promise<void>((resolve) => (this.#wake = resolve))
    return this.#waiting.shift()!
  }
}
