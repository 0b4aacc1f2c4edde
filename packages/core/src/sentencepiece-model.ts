import { PbfReader } from 'pbf'
import { InputError, UnsupportedError } from './errors.ts'

/** Pieces by what they may do: only normal and user-defined ones are found in a text. */
export type PieceKind = 'normal' | 'unknown' | 'control' | 'userDefined' | 'byte'

export interface Piece {
  readonly text: string
  readonly score: number
  readonly kind: PieceKind
}

/** What a SentencePiece `tokenizer.model` says. The index of a piece is its id. */
export interface SentencePieceModel {
  readonly pieces: readonly Piece[]
  /** A text gets a ▁ in front. */
  readonly dummyPrefix: boolean
  /** Text of the piece that begins a sequence. */
  readonly bos: string
}

/** Values of a message by field number, the last where there are several. */
type Fields = ReadonlyMap<number, number | Uint8Array>

/** The largest file that is read, in bytes: more than ten times the largest in use. */
export const modelLimit = 64 * 2 ** 20

/**
 * Reads the protobuf of a `tokenizer.model`; numbers and defaults of fields are those of sentencepiece_model.proto. Throws
 * InputError where it is not one or is cut short, UnsupportedError for all but BPE with byte fallback on unchanged text.
 */
export function readSentencePieceModel(bytes: Uint8Array, name: string): SentencePieceModel {
  try {
    const pieces: Piece[] = []
    const settings = new Map<number, Fields>()
    readMessage(new PbfReader(bytes), bytes.length, (field, reader) => {
      if (field === 1) pieces.push(pieceOf(readFields(reader), pieces.length))
      if (field === 2 || field === 3) settings.set(field, readFields(reader))
    })
    const [trainer, normalizer] = [settings.get(2), settings.get(3)]
    if (trainer === undefined) throw new Error(`${pieces.length} pieces, and no settings after them`)
    checkTrainer(trainer)
    checkNormalizer(normalizer ?? new Map())
    return { pieces, dummyPrefix: normalizer?.get(3) !== 0, bos: textOf(trainer.get(46)) ?? '<s>' }
  } catch (error) {
    const { message } = error as Error
    if (error instanceof UnsupportedError) throw new UnsupportedError(`${name}: ${message}`)
    throw new InputError(`${name}: expected a whole SentencePiece model, found ${message}`)
  }
}

function checkTrainer(settings: Fields): void {
  const types = ['', 'unigram', 'bpe', 'word', 'char']
  const type = Number(settings.get(3) ?? 1)
  if (types[type] !== 'bpe') throw new UnsupportedError(`model_type is ${types[type] ?? type}, expected bpe`)
  if (settings.get(35) !== 1) throw new UnsupportedError('byte_fallback is off, expected it on')
  if (settings.get(24) === 1) throw new UnsupportedError('treat_whitespace_as_suffix is on, expected it off')
}

function checkNormalizer(settings: Fields): void {
  const rules = settings.get(2) ?? new Uint8Array(0)
  if (typeof rules === 'number' || rules.length > 0) {
    throw new UnsupportedError(`the normalizer is ${textOf(settings.get(1))}, expected identity`)
  }
  if (settings.get(4) !== 0) throw new UnsupportedError('remove_extra_whitespaces is on, expected it off')
  if (settings.get(5) === 0) throw new UnsupportedError('escape_whitespaces is off, expected it on')
}

const kinds: Readonly<Record<number, PieceKind>> = {
  1: 'normal',
  2: 'unknown',
  3: 'control',
  4: 'userDefined',
  6: 'byte',
}

function pieceOf(fields: Fields, id: number): Piece {
  const text = textOf(fields.get(1)) ?? ''
  const score = fields.get(2) ?? 0
  const type = Number(fields.get(3) ?? 1)
  if (text === '') throw new Error(`no text in piece ${id}`)
  if (typeof score !== 'number' || Number.isNaN(score)) throw new Error(`no score in piece ${id}`)
  if (kinds[type] === undefined) throw new UnsupportedError(`piece ${id} is of type ${type}, which is not supported`)
  return { text, score, kind: kinds[type] }
}

function textOf(value: number | Uint8Array | undefined): string | undefined {
  if (!(value instanceof Uint8Array)) return undefined
  return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(value)
}

/** Every field up to `end`. The library trusts lengths: here they are checked. */
function readMessage(reader: PbfReader, end: number, visit: (field: number, reader: PbfReader) => void): void {
  reader.readFields((field) => visit(field, reader), undefined, end)
  if (end > reader.length || reader.pos !== end) throw new Error(`${reader.length} bytes that end within a field`)
}

function readFields(reader: PbfReader): Fields {
  const fields = new Map<number, number | Uint8Array>()
  if (reader.type !== 2) throw new Error('a number in the place of a message')
  const end = reader.readVarint() + reader.pos
  readMessage(reader, end, (field) => {
    if (reader.type === 0) fields.set(field, reader.readVarint(true))
    if (reader.type === 2) fields.set(field, reader.readBytes())
    if (reader.type === 5) fields.set(field, reader.readFloat())
  })
  return fields
}
