import { dismiss } from '../text/early-return.ts'

/** Of a reply that is a stream of events. Proxies must neither store it nor wait for more of it. */
export const eventStreamHeaders: Readonly<Record<string, string>> = {
  'content-type': 'text/event-stream; charset=utf-8',
  'cache-control': 'no-cache',
  'x-accel-buffering': 'no',
}

export interface SseOptions {
  /** What a client is told of an error in mid-stream: `{ error: { message, type, param, code } }`. */
  readonly onError: (error: unknown) => object
  /** Milliseconds after which a reader that waits is sent a comment, so that nobody on the way hangs up; default: never. */
  readonly keepAlive?: number
}

const done = 'data: [DONE]\n\n'

interface Sent {
  readonly text: string
  readonly last: boolean
}

/**
 * Server-sent events, one `data:` line per chunk, then `[DONE]`. Nothing is made before it is asked for, so that a reader
 * who is slow holds the generation up and not the memory. Cancelling returns the chunks' generator.
 */
export function sse(chunks: AsyncIterable<object>, { onError, keepAlive }: SseOptions): ReadableStream<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]()
  const encoder = new TextEncoder()
  let next: Promise<Sent> | undefined
  let cancelled = false
  const failed = (error: unknown): Sent => ({ text: cancelled ? '' : eventOf(onError(error)) + done, last: true })
  const pull = async (controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> => {
    next ??= iterator.next().then(sentOf).catch(failed)
    const sent = await within(next, keepAlive)
    if (cancelled) return
    if (sent !== undefined) next = undefined
    controller.enqueue(encoder.encode(sent?.text ?? ': keep-alive\n\n'))
    if (sent?.last) controller.close()
  }
  const cancel = (): void => {
    cancelled = true
    dismiss(iterator)
  }
  return new ReadableStream({ pull, cancel }, { highWaterMark: 0 })
}

function sentOf({ done: last = false, value }: IteratorResult<object>): Sent {
  return { text: last ? done : eventOf(value as object), last }
}

/** Some clients split lines by Unicode's rules, and would cut an event at what JSON leaves as it is. */
function eventOf(chunk: object): string {
  const escape = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
  return `data: ${JSON.stringify(chunk).replace(/[\u0085\u2028\u2029]/g, escape)}\n\n`
}

/** Undefined when it takes longer. */
async function within<T>(promise: Promise<T>, milliseconds: number | undefined): Promise<T | undefined> {
  if (milliseconds === undefined) return promise
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<undefined>((resolve) => (timer = setTimeout(() => resolve(undefined), milliseconds)))
  return Promise.race([promise, late]).finally(() => clearTimeout(timer))
}
