/** A server, as a function. */
export type Handler = (request: Request) => Promise<Response>

/** A way in which a server can be wrong, and the check that must find it. */
export interface Fault {
  /** Such as 4b. */
  readonly check: string
  readonly what: string
  /** What the check must say of it. */
  readonly message: RegExp
  readonly wrong: (right: Handler) => Handler
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- JSON that is to be broken
export type Json = any

/** Faults of one check: [what, the wrong server, what is said of it]. */
export function faultsOf(check: string, ...faults: readonly (readonly [string, Fault['wrong'], RegExp])[]): Fault[] {
  return faults.map(([what, wrong, message]) => ({ check, what, wrong, message }))
}

const isStream = (response: Response) => response.headers.get('content-type')?.startsWith('text/event-stream') ?? false

/** Headers that fit another body. */
function headersOf({ headers }: Response): Headers {
  const copy = new Headers(headers)
  copy.delete('content-length')
  return copy
}

/** Changes the JSON of plain replies of status 200. The change works on it, or gives another. */
export function replies(change: (json: Json, body: Json) => unknown): Fault['wrong'] {
  return (right) => async (request) => {
    const body = await jsonOf(request)
    const response = await right(request)
    if (response.status !== 200 || isStream(response)) return response
    const json: Json = await response.json()
    return Response.json(change(json, body) ?? json, { headers: headersOf(response) })
  }
}

/** Changes replies that are errors. */
export function errors(change: (json: Json, response: Response) => Response | undefined): Fault['wrong'] {
  return (right) => async (request) => {
    const response = await right(request)
    if (response.status < 400) return response
    const { status } = response
    const json: Json = await response.json()
    return change(json, response) ?? Response.json(json, { status, headers: headersOf(response) })
  }
}

/** Changes the text of streams, which then come all at once. */
export function streams(change: (text: string, body: Json) => string): Fault['wrong'] {
  return (right) => async (request) => {
    const body = await jsonOf(request)
    const response = await right(request)
    if (!isStream(response)) return response
    return new Response(change(await response.text(), body), { headers: headersOf(response) })
  }
}

/** Changes the chunks of streams. The change works on the list, or gives another. */
export function chunks(change: (chunks: Json[], body: Json) => Json[] | void): Fault['wrong'] {
  return streams((text, body) => {
    const list: Json[] = text
      .split('\n\n')
      .filter((event) => event.startsWith('data: {'))
      .map((event) => JSON.parse(event.slice('data: '.length)) as Json)
    const changed = change(list, body) ?? list
    return `${changed.map((chunk) => `data: ${JSON.stringify(chunk)}\n\n`).join('')}data: [DONE]\n\n`
  })
}

/** Every part of a choice in a stream, with its chunk. */
export function partsOf(list: readonly Json[]): Json[] {
  return list.flatMap((chunk) => chunk.choices as Json[])
}

/** Changes headers. */
export function headers(change: (headers: Headers, response: Response, request: Request) => void): Fault['wrong'] {
  return (right) => async (request) => {
    const response = await right(request)
    const copy = new Response(response.body, response)
    change(copy.headers, response, request)
    return copy
  }
}

/** Changes what is asked, before the right server sees it. Bodies that are no JSON objects go through. */
export function questions(change: (body: Json) => void): Fault['wrong'] {
  return (right) => async (request) => {
    const body = await jsonOf(request)
    if (typeof body !== 'object' || body === null || Array.isArray(body)) return right(request)
    change(body)
    return right(new Request(request, { body: JSON.stringify(body) }))
  }
}

/** Answers some requests without asking the right server; undefined passes them on. */
export function instead(answer: (request: Request, body: Json) => Response | undefined): Fault['wrong'] {
  return (right) => async (request) => answer(request, await jsonOf(request)) ?? right(request)
}

/** Without the fields. */
export const without = (...names: readonly string[]) => questions((body) => names.forEach((name) => delete body[name]))

/** A number out of its range becomes the nearest within. */
export const clamp = (name: string, least: number, most: number) =>
  questions((body) => {
    if (body[name] !== undefined) body[name] = Math.min(most, Math.max(least, Number(body[name]) || 0))
  })

/** An error in the right shape. */
export function refusal(status: number, code: string | null = null, message = 'wrong', extra: object = {}): Response {
  return Response.json({ error: { message, type: 'invalid_request_error', param: null, code, ...extra } }, { status })
}

/** Changes what errors say. */
export const says = (change: (error: Json) => void) => errors((json) => void change(json.error))

/** Does what the right one refuses, with a reply that looks right. */
export const takesAnything =
  (right: Handler): Handler =>
  async (request) => {
    const response = await right(request)
    return response.status < 400
      ? response
      : Response.json({ choices: [{ index: 0, message: { role: 'assistant', content: '' } }] })
  }
/** Dies of what the right one refuses. */
export const dies: Fault['wrong'] = errors((_, { status }) => (status === 404 ? undefined : refusal(500)))

/** The JSON of a request, which can still be read; undefined where it is none. */
async function jsonOf(request: Request): Promise<Json> {
  if (request.body === null) return undefined
  try {
    return await request.clone().json()
  } catch {
    return undefined
  }
}
