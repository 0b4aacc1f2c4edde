import { writeByteModel } from '@tramontane/conformance/http'
import { join } from 'node:path'
import { PassThrough, Writable } from 'node:stream'
import { main } from '../main.ts'

/** Writes a made-up model, called `tiny`, into a folder; a token takes it less than a millisecond. → its path */
export async function writeTiny(folder: string, context = 2048): Promise<string> {
  const directory = join(folder, 'tiny')
  await writeByteModel(directory, { config: { max_position_embeddings: context } })
  return directory
}

export function collector(): { stream: Writable; text: () => string } {
  const chunks: Buffer[] = []
  const stream = new Writable({ write: (chunk: Buffer, _, done) => (chunks.push(chunk), done()) })
  return { stream, text: () => Buffer.concat(chunks).toString() }
}

/** A server in this process. */
export interface Served {
  readonly url: string
  readonly out: () => string
  readonly err: () => string
  /** Asks it to stop. → the exit code */
  stop(): Promise<number>
}

/** Starts `tramontane serve` on a free port and waits until it answers. */
export async function serving(...argv: readonly string[]): Promise<Served> {
  const [out, err, stop] = [collector(), collector(), new AbortController()]
  const io = { stdin: new PassThrough(), stdout: out.stream, stderr: err.stream, signal: stop.signal }
  const code = main(['serve', '--port', '0', ...argv], io)
  const early = code.then((code) => Promise.reject(new Error(`exit code ${code}: ${err.text()}`)))
  const ready = async (): Promise<string> => {
    for (;;) {
      const [, url] = / at (http:\S+)/.exec(out.text()) ?? []
      if (url !== undefined) return url
      await new Promise((resolve) => setTimeout(resolve, 10))
    }
  }
  const url = await Promise.race([ready(), early])
  return {
    url,
    out: out.text,
    err: err.text,
    stop() {
      stop.abort()
      return code
    },
  }
}

export function post(url: string, path: string, body: object, headers: Record<string, string> = {}): Promise<Response> {
  const init = { method: 'POST', body: JSON.stringify(body) }
  return fetch(`${url}${path}`, { ...init, headers: { 'content-type': 'application/json', ...headers } })
}

export const hello = { messages: [{ role: 'user', content: 'Hello!' }], max_tokens: 4 }
