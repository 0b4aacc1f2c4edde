import type { Observer, RequestEvent } from './observer.ts'
import type { Tally } from './wire/usage.ts'

/** What becomes of a request, written down as it happens and told to the observer once. */
export interface RequestRecord {
  readonly id: string
  route: string
  stream: boolean
  aborted: boolean
  error: unknown
  /** Of a request that generates. */
  tally: Tally | undefined
  /** Some text is there; the first call counts. */
  readonly text: () => void
  /** The request has come to its end; the first call counts. */
  readonly end: (status: number) => void
}

/** The client's own id is kept where it is one that a log line and a header can carry. */
export function openRecord(request: Request, observer: Observer | undefined): RequestRecord {
  const started = performance.now()
  const given = request.headers.get('x-request-id') ?? ''
  let firstTokenMs: number | null = null
  let open = true
  const record: RequestRecord = {
    id: /^[\w.-]{1,128}$/.test(given) ? given : crypto.randomUUID(),
    route: '*',
    stream: false,
    aborted: false,
    error: undefined,
    tally: undefined,
    text: () => (firstTokenMs ??= performance.now() - started),
    end(status) {
      if (!open) return
      open = false
      tell(observer, eventOf(record, request, { status, firstTokenMs, ms: performance.now() - started }))
    },
  }
  return record
}

function eventOf(
  { tally, error, id, route, stream, aborted }: RequestRecord,
  { method, url }: Request,
  end: Pick<RequestEvent, 'status' | 'firstTokenMs' | 'ms'>,
): RequestEvent {
  const usage = tally?.usage()
  return {
    ...{ id, method, route, stream, aborted, ...end },
    // Without the query, which can hold anything.
    path: new URL(url).pathname,
    promptTokens: usage?.prompt_tokens ?? 0,
    cachedTokens: usage?.prompt_tokens_details.cached_tokens ?? 0,
    completionTokens: usage?.completion_tokens ?? 0,
    finishReasons: [...(tally?.finishReasons.values() ?? [])],
    ...(error !== undefined && { error }),
  }
}

function tell(observer: Observer | undefined, event: RequestEvent): void {
  try {
    observer?.finished(event)
  } catch {
    // A watcher that fails must not fail what it watches.
  }
}
