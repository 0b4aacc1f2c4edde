import { readFileSync } from 'node:fs'
import { sentencePiece, tokenizer, type DrawnToken, type Generation, type GenerationEvent } from '@tramontane/core'
import fc from 'fast-check'

const read = (path: string): Buffer => readFileSync(new URL(`../../../../models/${path}`, import.meta.url))

/** Byte-level BPE, and SentencePiece with byte fallback and a leading space of its own. */
export const smollm2 = tokenizer(read('smollm2-135m-instruct-fp8/tokenizer.json').toString())
export const mistral = sentencePiece(read('mistral-7b-instruct-v0.2/tokenizer.model'))
export const tokenizers = [
  ['SmolLM2', smollm2],
  ['Mistral 7B v0.2', mistral],
] as const

export interface Recorded extends Generation {
  /** Events that were read. */
  readonly read: number
  readonly cancelled: boolean
}

export interface RecordedOptions {
  readonly cached?: number
  readonly prompt?: readonly (DrawnToken | null)[]
  readonly reason?: 'stop' | 'length'
  /** Nothing comes after the tokens, until it is cancelled. */
  readonly hangs?: boolean
  /** Thrown after the tokens. */
  readonly error?: Error
  /** Turns of the event loop before each event. */
  readonly delays?: readonly number[]
}

/** A generation of known tokens, which behaves as an engine's. */
export function recorded(tokens: readonly DrawnToken[], options: RecordedOptions = {}): Recorded {
  const { cached = 0, prompt = [], reason = 'length', hangs = false, error, delays = [] } = options
  let read = 0
  let cancelled = false
  let cancel!: () => void
  const released = new Promise<void>((resolve) => (cancel = resolve)).then(() => void (cancelled = true))
  async function* events(): AsyncGenerator<GenerationEvent> {
    yield { type: 'prompt', cached, logprobs: prompt }
    for (const token of tokens) yield { type: 'token', ...token }
    if (hangs) await released
    if (error) throw error
    if (!hangs) yield { type: 'end', reason }
  }
  async function* counted(): AsyncGenerator<GenerationEvent> {
    try {
      for await (const event of events()) {
        for (let turn = delays[read % delays.length] ?? 0; turn > 0; turn--) await new Promise(setImmediate)
        if (cancelled) return
        read++
        yield event
      }
    } finally {
      cancel()
    }
  }
  const generator = counted()
  return {
    [Symbol.asyncIterator]: () => generator,
    cancel: () => {
      cancelled = true
      cancel()
    },
    released,
    get read() {
      return read
    },
    get cancelled() {
      return cancelled
    },
  }
}

/** Ids of single bytes: those of a vocabulary that spell them. */
function byteIds(bytes: (id: number) => Uint8Array, size: number): ReadonlyMap<number, number> {
  const found = new Map<number, number>()
  for (let id = 0; id < size; id++) {
    const [byte, ...more] = bytes(id)
    if (byte !== undefined && more.length === 0 && !found.has(byte)) found.set(byte, id)
  }
  return found
}
const single = new Map(tokenizers.map(([, vocabulary]) => [vocabulary, byteIds(vocabulary.bytes, vocabulary.size)]))

/** Few letters, so that stop strings begin often; some of two, three and four bytes. */
export const letter = fc.constantFrom('a', 'b', ' ', 'é', '語', '🙂', '𓀀', '\u2028', '\ufeff', '\n')
export const passage = fc.string({ unit: letter, maxLength: 40 })

/** A text in tokens of any length, cut anywhere, also within characters. */
export function spelled(vocabulary: (typeof tokenizers)[number][1]): fc.Arbitrary<{ text: string; ids: number[] }> {
  const cuts = fc.array(fc.record({ length: fc.integer({ min: 1, max: 12 }), bytewise: fc.boolean() }), {
    minLength: 1,
  })
  return fc.tuple(passage, cuts).map(([text, cuts]) => {
    const bytes = Buffer.from(text)
    const ids: number[] = []
    for (let at = 0, i = 0; at < bytes.length; i++) {
      const { length, bytewise } = cuts[i % cuts.length]!
      const part = bytes.subarray(at, at + length)
      const whole = !bytewise && Buffer.from(part.toString()).equals(part)
      const known = whole ? [...vocabulary.encode(part.toString())] : []
      // SentencePiece puts a space in front; then the bytes say it better.
      const exact = whole && Buffer.concat(known.map((id) => vocabulary.bytes(id))).equals(part)
      ids.push(...(exact ? known : Array.from(part, (byte) => single.get(vocabulary)!.get(byte)!)))
      at += length
    }
    return { text, ids }
  })
}

export async function all<T>(iterable: AsyncIterable<T>): Promise<T[]> {
  const found: T[] = []
  for await (const value of iterable) found.push(value)
  return found
}
