import { Tokenizer as BytePairEncoder } from '@huggingface/tokenizers'
import { literal, withControlTokens, type Tokenizer } from './control-tokens.ts'
import { InputError } from './errors.ts'
import { tokenBytes } from './token-bytes.ts'

export type { Tokenizer }

interface AddedToken {
  readonly id: number
  readonly content: string
}

interface PreTokenizer {
  readonly type?: string
  readonly individual_digits?: boolean
  readonly prepend_scheme?: string
  readonly add_prefix_space?: boolean
  readonly replacement?: string
  readonly split?: boolean
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
  const encode = encoderOf(parsed, asInRust(parsed.pre_tokenizer))
  // Metaspace's "first" means the start of the whole text: what follows a control token gets no ▁.
  const unprefixed = asInRust(parsed.pre_tokenizer, (scheme) => (scheme === 'first' ? 'never' : scheme))
  let encodeLater: typeof encode | undefined
  return withControlTokens({
    name,
    control,
    prefix: prefixOf(parsed, control),
    ...tokenBytes(parsed.model.vocab, added, parsed.decoder, name),
    encode: (text, first) => (first ? encode : (encodeLater ??= encoderOf(parsed, unprefixed)))(text),
  })
}

/** Without its added tokens the encoder has no way to see a control token in a text. */
function encoderOf(parsed: TokenizerJson, pre_tokenizer: object | null): (text: string) => number[] {
  const encoder = new BytePairEncoder({ ...parsed, added_tokens: [], post_processor: null, pre_tokenizer }, {})
  return (text) => encoder.encode(text, { add_special_tokens: false }).ids
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
 * The same pre-tokenizer in words that @huggingface/tokenizers 0.2.0 takes as Hugging Face's Rust code does. "Digits" are
 * all numbers of Unicode there (½, ², ①), not 0 to 9. Metaspace has an older spelling, and splits at spaces unless told.
 */
function asInRust(given: PreTokenizer | null | undefined, prepend = (scheme: string) => scheme): object | null {
  if (!given) return null
  if (given.pretokenizers) {
    return { ...given, pretokenizers: given.pretokenizers.map((part) => asInRust(part, prepend)) }
  }
  if (given.type === 'Digits') {
    const Regex = given.individual_digits ? '\\p{N}' : '\\p{N}+'
    return { type: 'Split', pattern: { Regex }, behavior: 'Isolated', invert: false }
  }
  if (given.type !== 'Metaspace') return given
  const scheme = given.prepend_scheme ?? (given.add_prefix_space === false ? 'never' : 'always')
  const metaspace = { ...given, prepend_scheme: prepend(scheme) }
  if (given.split === false) return metaspace
  const space = literal(given.replacement ?? '▁')
  const words = {
    type: 'Split',
    pattern: { Regex: `${space}(?:(?!${space})[\\s\\S])*` },
    behavior: 'Isolated',
    invert: false,
  }
  return { type: 'Sequence', pretokenizers: [metaspace, words] }
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
