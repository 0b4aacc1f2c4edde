import type { ServerResponse } from 'node:http'

/**
 * Writes a web-standard response to Node's, and resolves when it has been handed over or the connection is gone. The body
 * is read only as fast as the client takes it; a client that takes nothing for `stall` ms is disconnected. A body that
 * fails cuts the connection: its headers are gone, and nothing else tells the client that the end is missing. Never
 * rejects.
 */
export async function write(response: Response, outgoing: ServerResponse, stall: number): Promise<void> {
  outgoing.writeHead(response.status, headersOf(response.headers))
  if (response.body === null || outgoing.req.method === 'HEAD') {
    await response.body?.cancel().catch(ignore)
    outgoing.end()
    return
  }
  // A stream's first token may take long; its client wants to know at once that it was accepted.
  outgoing.flushHeaders()
  const reader = (response.body as ReadableStream<Uint8Array>).getReader()
  const cancel = () => void reader.cancel().catch(ignore)
  outgoing.once('close', cancel)
  try {
    await copy(reader, outgoing, stall)
  } catch {
    outgoing.destroy()
  } finally {
    outgoing.off('close', cancel)
  }
}

async function copy(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  outgoing: ServerResponse,
  stall: number,
): Promise<void> {
  for (;;) {
    const { done, value } = await reader.read()
    if (outgoing.destroyed) return
    if (done) break
    if (!outgoing.write(value)) await settled(outgoing, 'drain', stall)
  }
  outgoing.end()
  await settled(outgoing, 'finish', stall)
}

/** Waits for an event of a response, or for its end, which comes by force after `stall` ms. */
async function settled(outgoing: ServerResponse, event: 'drain' | 'finish', stall: number): Promise<void> {
  if (outgoing.destroyed || (event === 'finish' && outgoing.writableFinished)) return
  await new Promise<void>((resolve) => {
    const timer = setTimeout(() => outgoing.destroy(), stall)
    const done = () => {
      clearTimeout(timer)
      outgoing.off(event, done).off('close', done)
      resolve()
    }
    outgoing.once(event, done).once('close', done)
  })
}

function headersOf(headers: Headers): Record<string, string | string[]> {
  const cookies = headers.getSetCookie()
  const found: Record<string, string | string[]> = {}
  headers.forEach((value, name) => (found[name] = value))
  return { ...found, ...(cookies.length > 0 && { 'set-cookie': cookies }) }
}

function ignore(): void {}
