import { handler, type HandlerOptions } from './handler.ts'
import type { RequestEvent } from './observer.ts'
import type { Serving } from './serving.ts'

type Init = Omit<RequestInit, 'headers'> & { readonly key?: string; readonly headers?: Record<string, string> }

/** A handler in this process, asked as a client asks a server, and what its observer was told. */
export function servedHandler(serving: Serving, options: Partial<HandlerOptions> = {}) {
  const events: RequestEvent[] = []
  const finished = (event: RequestEvent): void => {
    events.push(event)
    options.observer?.finished(event)
  }
  const handle = handler({ serving: () => serving, ...options, observer: { ...options.observer, finished } })
  const ask = (method: string, path: string, { key, headers, ...init }: Init = {}): Promise<Response> => {
    const authorization = key === undefined ? {} : { authorization: `Bearer ${key}` }
    return handle(
      new Request(`http://localhost${path}`, { method, ...init, headers: { ...authorization, ...headers } }),
    )
  }
  const post = (path: string, body: unknown, init: Init = {}): Promise<Response> =>
    ask('POST', path, {
      ...init,
      headers: { 'content-type': 'application/json', ...init.headers },
      body: JSON.stringify(body),
    })
  return { ask, post, events }
}

/** The chunks of a stream that ends as it should. */
export async function chunksOf<C>(response: Response): Promise<C[]> {
  const lines = (await response.text()).split('\n\n')
  if (lines.pop() !== '' || lines.pop() !== 'data: [DONE]') throw new Error('the stream did not end with [DONE]')
  return lines.map((line) => JSON.parse(line.replace(/^data: /, '')) as C)
}

/** Resolves when nothing runs; the engine lets go of what was cancelled within one step. */
export async function idle({ engine }: Serving, milliseconds = 2000): Promise<void> {
  const limit = performance.now() + milliseconds
  while (engine.state().live + engine.state().waiting > 0) {
    if (performance.now() > limit) throw new Error(`after ${milliseconds} ms: ${JSON.stringify(engine.state())}`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}
