import type { DrawnToken, Tokenizer } from '@tramontane/core'
import { CertainText } from './certain-text.ts'
import type { Marker } from './stops.ts'
import { cut, giving, textToken, type TextToken } from './text-token.ts'

export interface TokenTextOptions {
  readonly tokenizer: Tokenizer
  /** Strings that end the text; none is ever part of it. */
  readonly stop: readonly string[]
  /** Tokens that end the text and give nothing to it. */
  readonly end: readonly number[]
  /** The tokens go on with a text, as a completion does: a space in front is part of it. */
  readonly continues: boolean
  /** Ends the text too; what follows is not text. */
  readonly marker?: Marker
}

/** A piece of text, and the tokens that have given all they give. */
export interface Piece {
  readonly text: string
  readonly tokens: readonly TextToken[]
}

interface Pending {
  readonly token: TextToken
  /** Bytes of the text before it. */
  readonly start: number
}

/** Tokens → text, as soon as it is certain. */
export class TokenText {
  readonly #options: TokenTextOptions
  readonly #certain: CertainText
  readonly #decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  /** Tokens and bytes that are not given out yet. */
  #pending: Pending[] = []
  #bytes: Uint8Array = new Uint8Array(0)
  #given = 0
  /** Nothing was drawn yet that could begin with a space. */
  #first: boolean
  #last: Uint8Array = new Uint8Array(0)

  constructor(options: TokenTextOptions) {
    this.#options = options
    this.#first = !options.continues
    this.#certain = new CertainText(options.stop, options.marker)
  }

  /** A stop string is complete: `end` gives the rest, and there is nothing to push. */
  get stopped(): boolean {
    return this.#certain.stopped
  }

  /** The marker is complete: what the last token holds behind it. Null where it is not. */
  get afterMarker(): Uint8Array | null {
    const { isMarked, length, stoppedAt } = this.#certain
    return isMarked ? this.#last.subarray(this.#last.length - (length - stoppedAt)) : null
  }

  /** Throws InputError for a token outside the vocabulary. */
  push(drawn: DrawnToken): Piece {
    const { tokenizer, end } = this.#options
    const start = this.#certain.length
    const give = giving(tokenizer, this.#first)
    const given = give(drawn.token)
    this.#first &&= tokenizer.bytes(drawn.token).length === 0
    const bytes = end.includes(drawn.token) ? given.bytes.subarray(0, 0) : given.bytes
    const at = this.#certain.push(bytes)
    this.#last = bytes
    this.#pending.push({ token: textToken(drawn, { ...given, bytes }, at, give), start })
    this.#bytes = joined(this.#bytes, bytes)
    return this.#piece()
  }

  /** Nothing follows. */
  end(): Piece {
    this.#certain.end()
    const { text, tokens } = this.#piece()
    const { certain } = this.#certain
    // After a stop string's first byte no token is part of the text; where there was none, all are.
    const rest = this.#pending.filter(({ start }) => !this.stopped || start < certain)
    this.#pending = []
    return { text, tokens: [...tokens, ...rest.map(({ token, start }) => cut(token, Math.max(0, certain - start)))] }
  }

  #piece(): Piece {
    const { certain } = this.#certain
    const text = this.#decoder.decode(this.#bytes.subarray(0, certain - this.#given))
    this.#bytes = this.#bytes.subarray(certain - this.#given)
    this.#given = certain
    const waiting = this.#pending.findIndex(({ start, token }) => start + token.bytes.length > certain)
    const tokens = this.#pending.splice(0, waiting < 0 ? this.#pending.length : waiting)
    return { text, tokens: tokens.map(({ token }) => token) }
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  const both = new Uint8Array(a.length + b.length)
  both.set(a)
  both.set(b, a.length)
  return both
}
