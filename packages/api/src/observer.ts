/** What an operator may know of a request that has ended. Nothing of what was asked or answered is in it. */
export interface RequestEvent {
  /** As in the header x-request-id. */
  readonly id: string
  readonly method: string
  /** The route's pattern, such as "/v1/models/{id}": one of a few, unlike the path. */
  readonly route: string
  readonly path: string
  /** Of the reply; 499 where the client left before there was one. */
  readonly status: number
  /** From the request's arrival to its true end: of a stream, to its last byte. */
  readonly ms: number
  /** From the request's arrival to the first text of an answer; null where there was none. */
  readonly firstTokenMs: number | null
  readonly stream: boolean
  readonly promptTokens: number
  /** Of them, those that a kept sequence already held. */
  readonly cachedTokens: number
  readonly completionTokens: number
  /** Of the choices that came to their end. */
  readonly finishReasons: readonly string[]
  /** The client left before the end. */
  readonly aborted: boolean
  /** What went wrong in here, where something did: a reply of 500, or a stream that broke off. Not for clients. */
  readonly error?: unknown
}

/** Somebody who watches. What these functions throw is ignored. */
export interface Observer {
  /** Called once for every request, at its true end. */
  finished(event: RequestEvent): void
  /** What GET /metrics answers; without it there is no such route. */
  metrics?(): Promise<{ readonly contentType: string; readonly text: string }>
}
