import type { DrawnToken, Tokenizer } from '@tramontane/core'
import { TokenText } from '../text/token-text.ts'
import type { TextToken } from '../text/text-token.ts'

/** A prompt that is returned in front of what goes on with it. */
export interface EchoedPrompt {
  readonly ids: Int32Array
  /** As it was given; default: the text of the ids. */
  readonly text?: string
}

/** Text of a prompt, and its tokens with what was said of them (one per token, or none). */
export function echoed(
  { ids, text }: EchoedPrompt,
  drawn: readonly (DrawnToken | null)[],
  tokenizer: Tokenizer,
): { readonly text: string; readonly tokens: readonly TextToken[] } {
  const stream = new TokenText({ tokenizer, stop: [], end: [], continues: false })
  const tokens = Array.from(ids).flatMap((token, i) => stream.push(drawn[i] ?? { token }).tokens)
  return { text: text ?? tokenizer.decode(ids), tokens: [...tokens, ...stream.end().tokens] }
}
