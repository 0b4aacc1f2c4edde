import { Tokenizer as BytePairEncoder } from '@huggingface/tokenizers'
import { InputError } from './errors.ts'
import { tokenBytes } from './token-bytes.ts'

/** Text ↔ token ids. Control tokens come from chat templates alone: no text that a user writes can become one. */
export interface Tokenizer {
  /** Highest id + 1. */
  readonly size: number
  /** Every added token: its text and its id. */
  readonly control: ReadonlyMap<string, number>
  /** Ids that the model expects before a plain text: the BOS of the post-processor, or none. */
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

interface AddedToken {
  readonly id: number
  readonly content: string
}

interface PreTokenizer {
  readonly type?: string
  readonly individual_digits?: boolean
  readonly pretokenizers?: readonly PreTokenizer[]
}

interface TokenizerJson {
  readonly added_tokens?: readonly AddedToken[]
  readonly pre_tokenizer?: PreTokenizer | null
  readonly post_processor?: {
    readonly type?: string
    readonly single?: readonly object[]
    readonly special_tokens?: object
  } | null
  readonly decoder?: object | null
  readonly model: {
    readonly type?: string
    readonly vocab: Readonly<Record<string, number>>
    readonly merges: readonly unknown[]
  }
}

/** Reads a Hugging Face tokenizer.json. Throws InputError where it is not one, UnsupportedError for unknown decoders. */
export function tokenizer(json: string, name = 'tokenizer.json'): Tokenizer {
  const parsed = parse(json, name)
  try {
    return build(parsed, name)
  } catch (error) {
    // The library takes the file's shape for granted.
    throw error instanceof InputError ? error : new InputError(`${name}: ${(error as Error).message}`)
  }
}

function build(parsed: TokenizerJson, name: string): Tokenizer {
  const added = parsed.added_tokens ?? []
  const control = new Map(added.map(({ content, id }) => [content, id]))
  // Without its added tokens the encoder has no way to see a control token in a text.
  const encoder = new BytePairEncoder(
    { ...parsed, added_tokens: [], post_processor: null, pre_tokenizer: unicodeDigits(parsed.pre_tokenizer) },
    {},
  )
  const encode = (text: string): number[] => encoder.encode(wellFormed(text), { add_special_tokens: false }).ids
  const splitter = splitterOf([...control.keys()].filter((token) => token !== ''))
  const { bytes, stripsLeadingSpace } = tokenBytes(parsed.model.vocab, added, parsed.decoder, name)
  const check = (id: number): Uint8Array => {
    if (bytes[id] === undefined)
      throw new InputError(`${name}: token ${id} is outside the vocabulary of ${bytes.length}`)
    return bytes[id]
  }
  return {
    size: bytes.length,
    control,
    prefix: prefixOf(parsed, control),
    stripsLeadingSpace,
    encode: (text) => Int32Array.from(text === '' ? [] : encode(text)),
    encodeTemplate(text, plain = (segment) => segment) {
      const parts = splitter === undefined ? [text] : text.split(splitter)
      return Int32Array.from(
        parts.flatMap((part) => {
          const id = control.get(part)
          return id !== undefined ? [id] : part === '' ? [] : encode(plain(part))
        }),
      )
    },
    bytes: check,
    decode(ids, options = {}) {
      const texts = new Map(added.map(({ content, id }) => [id, new TextEncoder().encode(content)]))
      const parts = [...ids].map((id) => (options.control && texts.get(id)) || check(id))
      const text = new TextDecoder('utf-8', { ignoreBOM: true }).decode(concatenate(parts))
      return stripsLeadingSpace && text.startsWith(' ') ? text.slice(1) : text
    },
  }
}

function parse(json: string, name: string): TokenizerJson {
  let parsed: TokenizerJson
  try {
    parsed = JSON.parse(json) as TokenizerJson
  } catch (error) {
    throw new InputError(`${name}: not JSON: ${(error as Error).message}`)
  }
  const { type, vocab, merges } = parsed?.model ?? {}
  if (type !== 'BPE' || !isRecord(vocab) || !Array.isArray(merges)) {
    throw new InputError(`${name}: model.type is ${JSON.stringify(type)}, expected "BPE" with a vocabulary and merges`)
  }
  const added: unknown = parsed.added_tokens ?? []
  if (!Array.isArray(added) || !added.every((token) => isRecord(token) && typeof token['content'] === 'string')) {
    throw new InputError(`${name}: added_tokens: expected a list of objects with content and id`)
  }
  return parsed
}

/**
 * The same pre-tokenizer with "Digits" spelled as a split at Unicode's numbers: Hugging Face's Rust code means all of
 * them (½, ², ①), @huggingface/tokenizers 0.2.0 means 0 to 9.
 */
function unicodeDigits(given: PreTokenizer | null | undefined): object | null {
  if (!given) return null
  if (given.pretokenizers) return { ...given, pretokenizers: given.pretokenizers.map(unicodeDigits) }
  if (given.type !== 'Digits') return given
  const Regex = given.individual_digits ? '\\p{N}' : '\\p{N}+'
  return { type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Ids of the special tokens that TemplateProcessing puts before a single text. */
function prefixOf({ post_processor }: TokenizerJson, control: ReadonlyMap<string, number>): number[] {
  const pieces = post_processor?.type === 'TemplateProcessing' ? (post_processor.single ?? []) : []
  const text = pieces.findIndex((piece) => 'Sequence' in piece)
  const before = pieces.slice(0, Math.max(text, 0))
  return before.flatMap(
    (piece) => control.get((piece as { SpecialToken?: { id: string } }).SpecialToken?.id ?? '') ?? [],
  )
}

/** Matches any control token and keeps it when splitting; longer ones first. */
function splitterOf(tokens: readonly string[]): RegExp | undefined {
  if (tokens.length === 0) return undefined
  const longestFirst = tokens.toSorted((a, b) => b.length - a.length)
  return new RegExp(`(${longestFirst.map((token) => token.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|')})`)
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
