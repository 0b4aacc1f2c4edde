import type { CompletionLogprobs, Logprobs, TokenLogprob, TopLogprob } from '../schema/responses.ts'
import type { Given, TextCandidate, TextToken } from '../text/text-token.ts'

/** JSON has no −∞; OpenAI writes −9999 for what is all but impossible. */
const floor = -9999

const strict = new TextDecoder('utf-8', { ignoreBOM: true, fatal: true })

/**
 * A token as text: what it gave; `bytes:\xe6\xbc` where that is no text by itself (a part of a character); a control token
 * as templates write it.
 */
export function tokenName({ bytes, control }: Given): string {
  if (control !== undefined) return control
  try {
    return strict.decode(bytes)
  } catch {
    return `bytes:${Array.from(bytes, (byte) => `\\x${byte.toString(16).padStart(2, '0')}`).join('')}`
  }
}

/** Of a chat's content. Tokens that gave nothing to it (the end token, control tokens) are left out. */
export function chatLogprobs(tokens: readonly TextToken[], top: number): Logprobs {
  return {
    content: tokens.filter(({ bytes }) => bytes.length > 0).map((token) => tokenLogprob(token, top)),
    refusal: null,
  }
}

function tokenLogprob(token: TextToken, top: number): TokenLogprob {
  const others = token.likeliest ?? []
  return { ...topLogprob(token), top_logprobs: others.slice(0, top).map(topLogprob) }
}

/** `bytes` is null for a control token, which stands for none. */
function topLogprob(given: Given & { readonly logprob?: number }): TopLogprob {
  const bytes = given.control === undefined ? Array.from(given.bytes) : null
  return { token: tokenName(given), logprob: finite(given.logprob), bytes }
}

/**
 * Of a completion: every token, also one that gave nothing. `text_offset` counts characters (code points, as in Python), from
 * `offset` on: of a token that begins within a character, that of the character. The token itself is always in `top_logprobs`;
 * of tokens with the same text the likeliest stands there.
 */
export function completionLogprobs(tokens: readonly TextToken[], top: number, offset: number): CompletionLogprobs {
  return {
    tokens: tokens.map(tokenName),
    token_logprobs: tokens.map(({ logprob }) => (logprob === undefined ? null : finite(logprob))),
    top_logprobs: tokens.map((token) => (token.logprob === undefined ? null : likeliest(token, top))),
    text_offset: tokens.map(({ at }) => offset + at),
  }
}

function likeliest(token: TextToken, top: number): Record<string, number> {
  const drawn = { ...token, logprob: token.logprob! }
  const all: readonly TextCandidate[] = [...(token.likeliest ?? []).slice(0, top), drawn]
  const best = new Map<string, number>()
  for (const candidate of all) {
    const name = tokenName(candidate)
    best.set(name, Math.max(best.get(name) ?? -Infinity, finite(candidate.logprob)))
  }
  return Object.fromEntries(best)
}

function finite(logprob = floor): number {
  return Math.max(logprob, floor)
}
