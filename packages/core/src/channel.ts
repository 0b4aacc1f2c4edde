import { InputError, UnsupportedError } from './errors.ts'

/** The end of a MessageChannel: a worker's, a browser's or Node's. */
export interface Port {
  postMessage(message: unknown, transfer?: readonly ArrayBuffer[]): void
  onmessage: ((event: MessageEvent) => void) | null
  close(): void
}

/** What one side offers to the other, by name. Handlers start in the order of the calls. */
export type Methods = Readonly<Record<string, (argument: never) => unknown>>

export interface Channel {
  /** Calls a method of the other side. Rejects with its error, or when the channel is closed, before the call or during it. */
  call(method: string, argument?: unknown): Promise<unknown>
  /** The same without an answer, for what cannot fail. */
  tell(method: string, argument?: unknown): void
  /** Rejects what waits, and every later call, with `reason`. The first reason counts. */
  close(reason?: Error): void
}

type Message =
  | { readonly id: number | null; readonly method: string; readonly argument: unknown }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: { readonly name: string; readonly message: string } }

/** An answer whose memory moves to the other side, and is empty here afterwards, instead of being copied. */
export class Moved {
  readonly value: unknown
  readonly buffers: readonly ArrayBuffer[]

  constructor(value: unknown, buffers: readonly ArrayBuffer[]) {
    this.value = value
    this.buffers = buffers
  }
}

/** The value with the memory of its numbers, where these are all that is in it: of a view of more, a copy is made. */
export function moved<T>(value: T, { buffer, byteLength }: ArrayBufferView): Moved | T {
  return buffer instanceof ArrayBuffer && byteLength === buffer.byteLength ? new Moved(value, [buffer]) : value
}

/** Calls in both directions over a port. */
export function channel(port: Port, methods: Methods): Channel {
  const waiting = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>()
  let next = 0
  let ended: Error | undefined
  const answer = async (id: number | null, method: string, argument: unknown): Promise<void> => {
    try {
      const answer = await methods[method](argument as never)
      const { value: result, buffers } = answer instanceof Moved ? answer : new Moved(answer, [])
      if (id !== null) port.postMessage({ id, result }, buffers)
    } catch (error) {
      if (id === null) return
      const { name, message } = error instanceof Error ? error : { name: 'Error', message: String(error) }
      port.postMessage({ id, error: { name, message } })
    }
  }
  port.onmessage = ({ data }) => {
    const message = data as Message
    if ('method' in message) return void answer(message.id, message.method, message.argument)
    const call = waiting.get(message.id)
    waiting.delete(message.id)
    if ('error' in message) call?.reject(revive(message.error))
    else call?.resolve(message.result)
  }
  return {
    call: (method, argument) =>
      new Promise((resolve, reject) => {
        // A closed port swallows messages, so that nobody would ever answer.
        if (ended !== undefined) return reject(ended)
        const id = next++
        port.postMessage({ id, method, argument })
        waiting.set(id, { resolve, reject })
      }),
    tell(method, argument) {
      if (ended === undefined) port.postMessage({ id: null, method, argument })
    },
    close(reason = new Error('the worker has ended')) {
      if (ended !== undefined) return
      ended = reason
      port.close()
      for (const { reject } of waiting.values()) reject(ended)
      waiting.clear()
    },
  }
}

function revive({ name, message }: { readonly name: string; readonly message: string }): Error {
  if (name === 'UnsupportedError') return new UnsupportedError(message)
  if (name === 'InputError') return new InputError(message)
  return Object.assign(new Error(message), { name })
}
