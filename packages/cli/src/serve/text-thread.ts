import { prompts, type Prompts } from '@tramontane/api'
import { channel, type ExpectedVocabulary, type Message, type Port, type Text } from '@tramontane/core'
import { Worker } from 'node:worker_threads'
import { death } from '../worker-backend.ts'
import { Lanes } from './lanes.ts'
import type { Thread } from './replaceable.ts'

/** What the worker is told. */
export interface TextOrder {
  readonly port: Port
  readonly directory: string
  readonly expected: ExpectedVocabulary
}

/** A conversation, as a thread is told it. */
export interface ChatOrder {
  readonly messages: readonly Message[]
  readonly tools?: readonly object[]
}

/** Prompts, and what it takes to end what makes them. */
export interface StartedPrompts extends Prompts {
  /** Fails what waits with `reason`. */
  stop(reason?: Error): void
}

/** Milliseconds that one text may take: what fits a long context is encoded in far less. */
const limit = 10_000

/** What a template adds to a message takes time too: about as much as so many UTF-16 units. */
const perMessage = 64

/**
 * Makes prompts in threads of their own, with a time limit: a text that takes longer is an InputError, and no other suffers
 * from it. Run from its TypeScript sources, which Node 20 cannot start as a worker, in this thread, without a limit.
 */
export async function startPrompts(text: Text, order: Omit<TextOrder, 'port'>): Promise<StartedPrompts> {
  if (import.meta.url.endsWith('.ts')) return { ...prompts(text), stop() {} }
  const lanes = new Lanes(() => textThread(order), limit)
  await lanes.ready
  const call = (method: string, argument: unknown, size: number, signal: AbortSignal | undefined) =>
    lanes.call(method, argument, { size, ...(signal && { signal }) }) as Promise<Int32Array>
  return {
    tools: text.chat?.tools ?? false,
    chat: (messages, { tools, signal } = {}) => {
      const order: ChatOrder = { messages, ...(tools && { tools }) }
      return call('chat', order, sizeOf(order), signal)
    },
    text: (text, { prefix, signal }) => call('text', { text, prefix }, text.length, signal),
    stop: (reason) => lanes.stop(reason),
  }
}

function sizeOf({ messages, tools = [] }: ChatOrder): number {
  const given = tools.length === 0 ? 0 : JSON.stringify(tools).length
  const sizes = messages.map(
    ({ content, tool_calls: calls }) => (content?.length ?? 0) + (calls ? JSON.stringify(calls).length : 0),
  )
  return sizes.reduce((sum, size) => sum + perMessage + size, given)
}

function textThread(order: Omit<TextOrder, 'port'>): Thread {
  const { port1, port2 } = new MessageChannel()
  const workerData = { ...order, port: port2 }
  const worker = new Worker(new URL('../text-worker.js', import.meta.url), { workerData, transferList: [port2] })
  const link = channel(port1 as unknown as Port, {})
  let ended = false
  void death(worker).then((reason) => {
    ended = true
    link.close(reason)
  })
  const ready = link.call('ready')
  // Nobody may be waiting for it when it is stopped.
  ready.catch(() => {})
  return {
    ready,
    get ended() {
      return ended
    },
    call: (method, argument) => link.call(method, argument),
    stop() {
      ended = true
      void worker.terminate()
    },
  }
}
