import type { Serving } from '@tramontane/api'
import { byteText } from '../byte-text.ts'

interface Shown {
  readonly backend: string
  readonly slots: number
  readonly keys: readonly string[]
}

/** What serves what where, and a command that tries it. */
export function readyText(url: string, { backend, slots, keys }: Shown, { model, engine }: Serving): string {
  const { context, ids } = model
  const memory = byteText(engine.state().cacheBudget)
  const about = `${slots} slots, ${context} tokens of context, up to ${memory} of keys and values`
  const [name] = ids
  // The default temperature of 1 leads a small model astray.
  const question = JSON.stringify({ model: name, temperature: 0, messages: [{ role: 'user', content: 'Hello!' }] })
  const authorization = keys.length > 0 ? ' -H "Authorization: Bearer $KEY"' : ''
  const headers = `-H "Content-Type: application/json"${authorization}`
  const reachable = url.replace('//0.0.0.0:', '//127.0.0.1:').replace('//[::]:', '//[::1]:')
  const curl = `curl ${reachable}/v1/chat/completions ${headers} -d '${question.replaceAll("'", `'\\''`)}'`
  return `${name} on ${backend} at ${url} (${about})\nTry it: ${curl}\n`
}
