import { InputError } from './errors.ts'

/** Text ↔ token ids. Control tokens come from chat templates alone: no text that a user writes can become one. */
export interface Tokenizer {
  /** Highest id + 1. */
  readonly size: number
  /** Every control token (of a tokenizer.json, every added token): its text and its id. */
  readonly control: ReadonlyMap<string, number>
  /** Ids that the model expects before a plain text: its BOS, or none. */
  readonly prefix: readonly number[]
  /** Plain text; control tokens written in it stay text, and no prefix is added. */
  encode(text: string): Int32Array
  /** Text of a chat template: control tokens become ids, what stands between them is encoded as plain text. */
  encodeTemplate(text: string, plain?: (segment: string) => string): Int32Array
  /** The bytes a token stands for; none for a control token. Throws InputError for an id outside the vocabulary. */
  bytes(id: number): Uint8Array
  /** Ids → text, control tokens left out unless `control`. Bytes that are not UTF-8 become U+FFFD. */
  decode(ids: Iterable<number>, options?: { readonly control?: boolean }): string
  /** One leading space is not part of the text (SentencePiece's dummy prefix). */
  readonly stripsLeadingSpace: boolean
}

/** What one kind of file says; the rest is the same for all. */
export interface Vocabulary extends Pick<Tokenizer, 'control' | 'prefix' | 'stripsLeadingSpace'> {
  /** What error messages call it. */
  readonly name: string
  /** Of every token by id. */
  readonly bytes: readonly Uint8Array[]
  /** Ids of well-formed, not empty text without control tokens; `first` where nothing stands before it. */
  encode(text: string, first: boolean): readonly number[]
}

/** A tokenizer that keeps control tokens and what users write apart. */
export function withControlTokens(vocabulary: Vocabulary): Tokenizer {
  const { name, control, prefix, bytes, stripsLeadingSpace } = vocabulary
  const splitter = splitterOf([...control.keys()].filter((token) => token !== ''))
  const texts = new Map([...control].map(([text, id]) => [id, new TextEncoder().encode(text)]))
  const encode = (text: string, first: boolean): readonly number[] =>
    text === '' ? [] : vocabulary.encode(wellFormed(text), first)
  const check = (id: number): Uint8Array => {
    if (bytes[id] === undefined)
      throw new InputError(`${name}: token ${id} is outside the vocabulary of ${bytes.length}`)
    return bytes[id]
  }
  return {
    size: bytes.length,
    control,
    prefix,
    stripsLeadingSpace,
    encode: (text) => Int32Array.from(encode(text, true)),
    encodeTemplate(text, plain = (segment) => segment) {
      const parts = splitter === undefined ? [text] : text.split(splitter)
      const ids = (part: string, i: number): readonly number[] => {
        const id = control.get(part)
        return id === undefined ? encode(plain(part), i === 0) : [id]
      }
      return Int32Array.from(parts.flatMap(ids))
    },
    bytes: check,
    decode(ids, options = {}) {
      const parts = Array.from(ids, (id) => (options.control && texts.get(id)) || check(id))
      const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(concatenate(parts))
      return stripsLeadingSpace && text.startsWith(' ') ? text.slice(1) : text
    },
  }
}

/** Matches any of the tokens and keeps it when splitting; longer ones first. */
export function splitterOf(tokens: readonly string[]): RegExp | undefined {
  if (tokens.length === 0) return undefined
  const longestFirst = tokens.toSorted((a, b) => b.length - a.length)
  return new RegExp(`(${longestFirst.map(literal).join('|')})`)
}

/** A pattern that matches just this text. */
export function literal(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')
}

/** Lone surrogates become U+FFFD, as in any UTF-8 encoder. */
function wellFormed(text: string): string {
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(new TextEncoder().encode(text))
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
}
