import { withControlTokens, type Tokenizer } from './control-tokens.ts'
import { InputError, UnsupportedError } from './errors.ts'
import { mergePieces } from './piece-merging.ts'
import { object, parseSettings, positiveInteger, shown } from './settings.ts'

export interface TekkenOptions {
  /** Plain text begins with BOS; default true. */
  readonly addBos?: boolean
}

/** Of the instruct formats that a tekken.json names: v3 of Mistral Nemo and Pixtral, later ones of later models. */
export type TekkenVersion = 'v3' | 'v7' | 'v11' | 'v13' | 'v15'
const versions: readonly TekkenVersion[] = ['v3', 'v7', 'v11', 'v13', 'v15']

export interface Tekken extends Tokenizer {
  readonly version: TekkenVersion
}

/**
 * How all published files split a text into words. An expression from a file is not run, only compared: it may take for ever,
 * and its `\s` is that of Rust, Unicode's White_Space, which JavaScript's is not (it has U+FEFF and lacks U+0085).
 */
const pattern = [
  String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+`,
  String.raw`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]+[\p{Ll}\p{Lm}\p{Lo}\p{M}]*`,
  String.raw`\p{N}`,
  String.raw` ?[^\s\p{L}\p{N}]+[\r\n/]*`,
  String.raw`\s*[\r\n]+`,
  String.raw`\s+(?!\S)`,
  String.raw`\s+`,
].join('|')
const words = new RegExp(pattern.replaceAll('\\s', '\\p{White_Space}').replaceAll('\\S', '\\P{White_Space}'), 'gu')

/** Of files that do not list them; the rest are called `<SPECIAL_20>` and so on. (tekken.py of mistral-common) */
const defaultSpecials = [
  '<unk>', '<s>', '</s>', '[INST]', '[/INST]', '[AVAILABLE_TOOLS]', '[/AVAILABLE_TOOLS]', '[TOOL_RESULTS]',
  '[/TOOL_RESULTS]', '[TOOL_CALLS]', '[IMG]', '<pad>', '[IMG_BREAK]', '[IMG_END]', '[PREFIX]', '[MIDDLE]', '[SUFFIX]',
  '[SYSTEM_PROMPT]', '[/SYSTEM_PROMPT]', '[TOOL_CONTENT]',
] // prettier-ignore

/** Sixty times what published files have: ids of special tokens are made, not read. */
const specialsLimit = 65536

/**
 * Reads a `tekken.json`, Mistral's byte-level BPE whose pairs are joined by the rank of their bytes: special tokens come first,
 * the id of any other is its rank after them. Throws InputError where it is not one, UnsupportedError for another version or
 * another way to split a text.
 */
export function tekken(json: string, name = 'tekken.json', { addBos = true }: TekkenOptions = {}): Tekken {
  const settings = parseSettings(json, name)
  const config = object(settings['config'], `${name}: config`)
  const version = versions.find((known) => known === config['version'])
  if (version === undefined) throw unsupported(name, 'version', config['version'], versions.join(', '))
  if (config['pattern'] !== pattern) throw unsupported(name, 'pattern', config['pattern'], pattern)
  const size = positiveInteger(config['default_vocab_size'], `${name}: config.default_vocab_size`)
  const specials = specialTokens(settings['special_tokens'], config['default_num_special_tokens'], version, name)
  const ranks = rankedTokens(settings['vocab'], size - specials.length, name)
  const control = new Map(specials.map((text, id) => [text, id]))
  const begin = control.get('<s>')
  const tokenizer = withControlTokens({
    name,
    control,
    prefix: addBos && begin !== undefined ? [begin] : [],
    bytes: [...specials.map(() => new Uint8Array(0)), ...Array.from(ranks.keys(), bytesOf)],
    stripsLeadingSpace: false,
    encode: (text) =>
      text
        .match(words)!
        .flatMap((word) => ranksOf(word, ranks))
        .map((rank) => rank + specials.length),
  })
  return { ...tokenizer, version }
}

function unsupported(name: string, key: string, found: unknown, expected: string): UnsupportedError {
  return new UnsupportedError(`${name}: config.${key} is ${shown(found)}, expected ${expected}`)
}

/** Texts of the special tokens by id. */
function specialTokens(given: unknown, count: unknown, version: TekkenVersion, name: string): string[] {
  const where = `${name}: config.default_num_special_tokens`
  const most = positiveInteger(count, where)
  if (most > specialsLimit) throw new InputError(`${where}: expected at most ${specialsLimit}, found ${most}`)
  const listed = given == null && (version === 'v3' || version === 'v7') ? defaultSpecials : textsOf(given, name)
  if (listed.length > most) throw new InputError(`${where}: expected at least ${listed.length}, found ${most}`)
  const texts = Array.from({ length: most }, (_, id) => listed[id] ?? `<SPECIAL_${id}>`)
  if (new Set(texts).size < most) throw new InputError(`${name}: special_tokens: two have the same text`)
  return texts
}

function textsOf(given: unknown, name: string): string[] {
  if (!Array.isArray(given)) throw new InputError(`${name}: special_tokens: expected a list, found ${shown(given)}`)
  return (given as ({ rank?: unknown; token_str?: unknown } | null)[]).map((token, id) => {
    const text = token?.token_str
    if (typeof text === 'string' && text !== '' && token?.rank === id) return text
    throw new InputError(`${name}: special_tokens: expected a token_str of rank ${id}, found ${shown(token)}`)
  })
}

/** Ranks by the bytes of tokens, one character each (Latin-1), in order; those beyond `count` are not of the model. */
function rankedTokens(vocab: unknown, count: number, name: string): Map<string, number> {
  const listed = Array.isArray(vocab) ? vocab.length : 0
  if (count < 256 || count > listed) {
    throw new InputError(
      `${name}: ${listed} tokens in vocab, but default_vocab_size less special tokens is ${count}, expected 256 to ${listed}`,
    )
  }
  const ranks = new Map<string, number>()
  for (let rank = 0; rank < count; rank++) {
    const entry = (vocab as ({ rank?: unknown; token_bytes?: unknown } | null)[])[rank]
    const bytes = fromBase64(entry?.token_bytes)
    if (entry?.rank !== rank || bytes === undefined || (rank < 256 && bytes !== String.fromCharCode(rank))) {
      const expected = rank < 256 ? `the byte ${rank}` : 'bytes in base64'
      throw new InputError(`${name}: vocab: expected ${expected} of rank ${rank}, found ${shown(entry)}`)
    }
    const earlier = ranks.get(bytes)
    if (earlier !== undefined) throw new InputError(`${name}: vocab: ranks ${earlier} and ${rank} have the same bytes`)
    ranks.set(bytes, rank)
  }
  return ranks
}

/** One character a byte; undefined for what is not canonical base64 of some bytes. */
function fromBase64(text: unknown): string | undefined {
  if (typeof text !== 'string' || text === '') return undefined
  try {
    const bytes = atob(text)
    return btoa(bytes) === text ? bytes : undefined
  } catch {
    return undefined
  }
}

function bytesOf(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0))
}

/** A word that is a token is that token, also where joining pairs would not lead to it. (tiktoken) */
function ranksOf(word: string, ranks: ReadonlyMap<string, number>): number[] {
  const bytes = byteText(word)
  const whole = ranks.get(bytes)
  if (whole !== undefined) return [whole]
  const scoreOf = (text: string): number | undefined => {
    const rank = ranks.get(text)
    return rank === undefined ? undefined : -rank
  }
  const starts = Array.from({ length: bytes.length }, (_, at) => at)
  return mergePieces(bytes, starts, scoreOf, nothing).map((text) => ranks.get(text)!)
}

const nothing: ReadonlySet<number> = new Set()

/** The UTF-8 of a text, one character a byte. */
function byteText(text: string): string {
  const bytes = new TextEncoder().encode(text)
  const parts: string[] = []
  // What a call takes in arguments is limited.
  for (let at = 0; at < bytes.length; at += 4096) parts.push(String.fromCharCode(...bytes.subarray(at, at + 4096)))
  return parts.join('')
}
