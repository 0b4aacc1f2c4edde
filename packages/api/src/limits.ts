import { bodyTooLarge, invalidRequestError } from './errors.ts'
import type { RequestLimits } from './schema/limits.ts'

/** What a request may cost before it is understood, and how long a silent engine counts as alive. */
export interface ServerLimits {
  /** Bytes of a request's body; default 2 MiB. */
  readonly body: number
  /** Milliseconds that one pass may take before GET /health says that the model cannot answer; default 30,000. */
  readonly passAge: number
  /** Milliseconds without a pass after which GET /health has one tried; default 30,000. */
  readonly idle: number
  /** Milliseconds after which a stream that has nothing to say sends a comment; default 15,000. */
  readonly keepAlive: number
}

/** Every limit that is not the model's. */
export type Limits = ServerLimits & Pick<RequestLimits, 'messages' | 'characters' | 'prompts'>

export const serverLimits: ServerLimits = { body: 2 * 2 ** 20, passAge: 30_000, idle: 30_000, keepAlive: 15_000 }

/**
 * The whole body of a request. Throws ApiError 413 as soon as it is known to be longer than `limit` bytes, whatever its
 * Content-Length says, and 400 where it ends early.
 */
export async function readBody({ headers, body }: Request, limit: number): Promise<Uint8Array> {
  if (Number(headers.get('content-length') ?? 0) > limit) throw bodyTooLarge(limit)
  const chunks: Uint8Array[] = []
  let size = 0
  const reader = body?.getReader()
  for (;;) {
    const { done, value } = (await reader?.read().catch(endedEarly)) ?? { done: true }
    if (done) return joined(chunks, size)
    chunks.push(value)
    if ((size += value.length) <= limit) continue
    reader?.cancel().catch(() => {})
    throw bodyTooLarge(limit)
  }
}

function endedEarly(): never {
  throw invalidRequestError('the body ended before it was complete')
}

function joined(chunks: readonly Uint8Array[], size: number): Uint8Array {
  const all = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    all.set(chunk, at)
    at += chunk.length
  }
  return all
}
