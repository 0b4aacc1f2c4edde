import { CheckFailure } from './found.ts'

/** A reply that is still coming. */
export interface Arrival {
  readonly where: string
  readonly status: number
  readonly headers: Headers
  /** Its bytes, in the pieces in which they came, and when: milliseconds since the reply's headers. */
  pieces(): AsyncIterable<{ readonly bytes: Uint8Array; readonly at: number }>
  /** Hangs up. */
  leave(): void
}

export function openReply(where: string, response: Response, leave: () => void): Arrival {
  const { status, headers, body } = response
  const start = performance.now()
  async function* pieces(): AsyncGenerator<{ bytes: Uint8Array; at: number }> {
    if (body === null) throw new CheckFailure(where, 'a body', null)
    for await (const bytes of body) yield { bytes: bytes as Uint8Array, at: performance.now() - start }
  }
  return { where, status, headers, pieces, leave }
}
