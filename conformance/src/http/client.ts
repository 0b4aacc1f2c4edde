import { Found, CheckFailure } from './found.ts'
import { openReply, type Arrival } from './arrival.ts'

export interface ClientOptions {
  /** Of the server, without a path: http://127.0.0.1:8000. */
  readonly url: string
  /** What stands in the place of /v1. */
  readonly base?: string | undefined
  /** Sent as `Authorization: Bearer KEY`. */
  readonly key?: string | undefined
  /** Ends whatever is under way. */
  readonly signal?: AbortSignal | undefined
}

export interface Sent {
  /** Objects are sent as JSON; texts and bytes as they are. */
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  readonly signal?: AbortSignal
}

/** A reply, read to its end. */
export interface Reply {
  /** The question, for messages. */
  readonly where: string
  readonly status: number
  readonly headers: Headers
  readonly bytes: Uint8Array
  /** Throws CheckFailure where it is not UTF-8. */
  text(): string
  /** Throws CheckFailure where it is not JSON. */
  json(): Found
  /** Throws CheckFailure where the status is another one. */
  mustBe(...statuses: readonly number[]): Reply
}

/** A plain HTTP client, which shows everything and forgives nothing. */
export class Client {
  readonly url: string
  readonly base: string
  readonly key: string | undefined
  readonly signal: AbortSignal | undefined

  constructor({ url, base = '/v1', key, signal }: ClientOptions) {
    this.url = url.replace(/\/+$/, '')
    this.base = base.replace(/\/+$/, '')
    this.key = key
    this.signal = signal
  }

  /** The same client with another key, or at another server. */
  with(options: Partial<ClientOptions>): Client {
    return new Client({ url: this.url, base: this.base, key: this.key, signal: this.signal, ...options })
  }

  get(path: string, sent: Sent = {}): Promise<Reply> {
    return this.send('GET', path, sent)
  }

  post(path: string, body: unknown, sent: Sent = {}): Promise<Reply> {
    return this.send('POST', path, { ...sent, body })
  }

  /** Where a path of /v1 is on this server. */
  path(path: string): string {
    return path.replace(/^\/v1(?=\/|$)/, this.base)
  }

  /** Asks, and reads the whole reply. */
  async send(method: string, path: string, sent: Sent = {}): Promise<Reply> {
    const where = `${method} ${this.path(path)}`
    const { status, headers, body } = await this.#fetch(method, path, sent)
    return reply(where, status, headers, new Uint8Array(await new Response(body).arrayBuffer()))
  }

  /** Asks, and leaves the reply to be read as it comes. */
  async open(path: string, body: unknown): Promise<Arrival> {
    const stop = new AbortController()
    const response = await this.#fetch('POST', path, { body, signal: stop.signal })
    return openReply(`POST ${this.path(path)}`, response, () => stop.abort())
  }

  async #fetch(method: string, path: string, { body, headers, signal }: Sent): Promise<Response> {
    const signals = [signal, this.signal].filter((one) => one !== undefined)
    return fetch(`${this.url}${this.path(path)}`, {
      method,
      headers: { ...this.#headers(body !== undefined), ...headers },
      ...(body !== undefined && { body: encoded(body) }),
      redirect: 'manual',
      signal: AbortSignal.any(signals),
    })
  }

  #headers(body: boolean): Record<string, string> {
    return {
      ...(this.key !== undefined && { authorization: `Bearer ${this.key}` }),
      ...(body && { 'content-type': 'application/json' }),
    }
  }
}

/** What can go into a body: JSON of objects, the rest as it is. */
function encoded(body: unknown): string | Uint8Array<ArrayBuffer> {
  if (typeof body === 'string') return body
  return body instanceof Uint8Array ? new Uint8Array(body) : JSON.stringify(body)
}

/** A reply of which all bytes are there. */
export function reply(where: string, status: number, headers: Headers, bytes: Uint8Array): Reply {
  const text = (): string => {
    try {
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
    } catch {
      throw new CheckFailure(`${where} body`, 'UTF-8', new TextDecoder().decode(bytes))
    }
  }
  const json = (): Found => {
    try {
      return new Found(where, JSON.parse(text()))
    } catch {
      throw new CheckFailure(`${where} body`, 'JSON', text())
    }
  }
  return {
    ...{ where, status, headers, bytes, text, json },
    mustBe(...statuses) {
      const found = `${status} ${new TextDecoder().decode(bytes).slice(0, 300)}`
      if (!statuses.includes(status)) throw new CheckFailure(`${where} status`, statuses.join(' or '), found)
      return this
    },
  }
}
