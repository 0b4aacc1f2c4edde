import type { Tokenizer } from './tokenizer.ts'

/** Ids → text as it becomes certain; the pieces joined are exactly `tokenizer.decode` of all ids. */
export interface Detokenizer {
  /** The text that this token completes; empty while a character is still incomplete. */
  push(id: number): string
  /** What is left: U+FFFD for a character that never was completed. */
  end(): string
}

export interface DetokenizerOptions {
  /** The ids go on with a text, as a completion does: a space in front is part of it. Default false, as in `decode`. */
  readonly continues?: boolean
}

export function detokenizer(tokenizer: Tokenizer, { continues = false }: DetokenizerOptions = {}): Detokenizer {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  let first = !continues
  const strip = (text: string): string => {
    if (!first || text === '') return text
    first = false
    return tokenizer.stripsLeadingSpace && text.startsWith(' ') ? text.slice(1) : text
  }
  return {
    push: (id) => strip(decoder.decode(tokenizer.bytes(id), { stream: true })),
    end: () => strip(decoder.decode()),
  }
}
