import { splitterOf, withControlTokens, type Tokenizer } from './control-tokens.ts'
import { InputError } from './errors.ts'
import { mergePieces } from './piece-merging.ts'
import { readSentencePieceModel, type Piece, type SentencePieceModel } from './sentencepiece-model.ts'

export interface SentencePieceOptions {
  /**
   * Which pieces of a template's text get the dummy prefix: `every` one that follows a control token (Hugging Face's
   * `legacy`), or the `first` alone. Default `every`.
   */
  readonly templatePrefix?: 'every' | 'first'
  /** Plain text begins with BOS; default true. */
  readonly addBos?: boolean
}

/** Reads a SentencePiece `tokenizer.model`. Throws as `readSentencePieceModel` does. */
export function sentencePiece(
  bytes: Uint8Array,
  name = 'tokenizer.model',
  options: SentencePieceOptions = {},
): Tokenizer {
  return sentencePieceTokenizer(readSentencePieceModel(bytes, name), name, options)
}

/** The tokenizer of a model: text becomes the ids that Google's SentencePiece gives. */
export function sentencePieceTokenizer(
  { pieces, dummyPrefix, bos }: SentencePieceModel,
  name: string,
  { templatePrefix = 'every', addBos = true }: SentencePieceOptions = {},
): Tokenizer {
  const ids = idsByText(pieces, name)
  const control = new Map(
    pieces.flatMap(({ text, kind }, id) => (kind === 'control' || kind === 'unknown' ? [[text, id] as const] : [])),
  )
  const begin = control.get(bos)
  const encode = encoderOf(pieces, ids, byteIds(pieces, name))
  return withControlTokens({
    name,
    control,
    prefix: addBos && begin !== undefined ? [begin] : [],
    bytes: pieces.map(bytesOf),
    stripsLeadingSpace: dummyPrefix,
    encode: (text, first) => {
      const escaped = text.replaceAll(' ', '▁')
      return encode(dummyPrefix && (first || templatePrefix === 'every') ? `▁${escaped}` : escaped)
    },
  })
}

/** Ids of the pieces that are found in a text. */
function idsByText(pieces: readonly Piece[], name: string): Map<string, number> {
  const all = new Set<string>()
  const ids = new Map<string, number>()
  for (const [id, { text, kind }] of pieces.entries()) {
    if (all.has(text)) throw new InputError(`${name}: piece ${id} is ${JSON.stringify(text)}, as an earlier one`)
    all.add(text)
    if (kind === 'normal' || kind === 'userDefined') ids.set(text, id)
  }
  return ids
}

function byteIds(pieces: readonly Piece[], name: string): Uint32Array {
  const ids = new Map(pieces.flatMap(({ text, kind }, id) => (kind === 'byte' ? [[text, id] as const] : [])))
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    const text = `<0x${byte.toString(16).toUpperCase().padStart(2, '0')}>`
    const id = ids.get(text)
    if (id === undefined) throw new InputError(`${name}: expected a piece ${text} for byte fallback, found none`)
    return id
  })
}

/** Ids of a text whose spaces are ▁. */
function encoderOf(
  pieces: readonly Piece[],
  ids: ReadonlyMap<string, number>,
  bytes: Uint32Array,
): (text: string) => number[] {
  const symbols = splitterOf(pieces.flatMap(({ text, kind }) => (kind === 'userDefined' ? [text] : [])))
  const scoreOf = (text: string): number | undefined => {
    const id = ids.get(text)
    return id === undefined ? undefined : pieces[id].score
  }
  const encoder = new TextEncoder()
  return (text) => {
    const { starts, frozen } = symbolsOf(text, symbols)
    return mergePieces(text, starts, scoreOf, frozen).flatMap((symbol) => {
      const id = ids.get(symbol)
      return id === undefined ? Array.from(encoder.encode(symbol), (byte) => bytes[byte]) : [id]
    })
  }
}

/** Where the characters of a text start, and its user-defined symbols, which are one symbol each and never join others. */
function symbolsOf(text: string, symbols: RegExp | undefined): { starts: number[]; frozen: Set<number> } {
  const starts: number[] = []
  const frozen = new Set<number>()
  let at = 0
  for (const [i, part] of (symbols === undefined ? [text] : text.split(symbols)).entries()) {
    // Splitting at a group puts what it matched at odd places.
    if (i % 2 === 1) frozen.add(at)
    for (const symbol of i % 2 === 1 ? [part] : part) {
      starts.push(at)
      at += symbol.length
    }
  }
  return { starts, frozen }
}

function bytesOf({ text, kind }: Piece): Uint8Array {
  if (kind === 'byte') return Uint8Array.of(parseInt(text.slice(3, 5), 16))
  if (kind === 'control' || kind === 'unknown') return new Uint8Array(0)
  return new TextEncoder().encode(text.replaceAll('▁', ' '))
}
