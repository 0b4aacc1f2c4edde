import type { DrawnToken, Tokenizer } from '@tramontane/core'

/** What a token gave to a text, or would have given. */
export interface Given {
  readonly token: number
  /**
   * UTF-8, as it stands in the text: without a leading space that is not part of it, and without what was cut by a stop
   * string or dropped as half a character. Empty for control tokens and for the one that ended the text.
   */
  readonly bytes: Uint8Array
  /** How templates write it, for a control token. */
  readonly control?: string
}

export interface TextCandidate extends Given {
  readonly logprob: number
}

/** A token of a text. */
export interface TextToken extends Given {
  /** Characters (code points) of the text before the one in which the token's first byte is. */
  readonly at: number
  readonly logprob?: number
  /** Likeliest first. The token itself stands among them, if it does, with the same bytes. */
  readonly likeliest?: readonly TextCandidate[]
}

/** What each token gives where it stands. */
export type Giving = (id: number) => Given

const controls = new WeakMap<Tokenizer, ReadonlyMap<number, string>>()

/** `first`: nothing stands before, so that a tokenizer's own leading space is no part of the text. */
export function giving(tokenizer: Tokenizer, first: boolean): Giving {
  const names = controls.get(tokenizer) ?? new Map([...tokenizer.control].map(([text, id]) => [id, text]))
  controls.set(tokenizer, names)
  return (token) => {
    const bytes = tokenizer.bytes(token)
    const control = names.get(token)
    const stripped = first && tokenizer.stripsLeadingSpace && bytes[0] === 0x20 ? bytes.subarray(1) : bytes
    return { token, bytes: stripped, ...(control !== undefined && { control }) }
  }
}

/** Puts together what was drawn, what it gave and what else there was to draw. */
export function textToken(drawn: DrawnToken, given: Given, at: number, give: Giving): TextToken {
  const { logprob, likeliest } = drawn
  const candidate = ({ token, logprob }: { token: number; logprob: number }): TextCandidate => ({
    ...(token === drawn.token ? given : give(token)),
    logprob,
  })
  return {
    ...given,
    at,
    ...(logprob !== undefined && { logprob }),
    ...(likeliest !== undefined && { likeliest: likeliest.map(candidate) }),
  }
}

/** The same token of which only so many bytes are part of the text. */
export function cut(token: TextToken, length: number): TextToken {
  if (length >= token.bytes.length) return token
  const bytes = token.bytes.subarray(0, length)
  const likeliest = token.likeliest?.map((other) => (other.token === token.token ? { ...other, bytes } : other))
  return { ...token, bytes, ...(likeliest && { likeliest }) }
}
