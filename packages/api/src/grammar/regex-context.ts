import type { Alphabet } from './code-points.ts'
import type { Work } from './limit.ts'
import type { Obligations } from './regex-obligations.ts'
import type { CodePointSets } from './regex-program.ts'
import type { Look } from './regex-syntax.ts'
import type { Table } from './table.ts'

/** What stands before a position, as far as ^ and \b ask. */
export const before = { nothing: 0, word: 1, other: 2 } as const
export type Before = (typeof before)[keyof typeof before]

/** All that the programs of one pattern share. */
export interface Shared {
  readonly sets: CodePointSets
  readonly alphabet: Alphabet
  /** [symbols] 1 for word characters; undefined where no \b asks for them. */
  readonly isWord: Uint8Array | undefined
  readonly obligations: Obligations
  readonly work: Work
}

/** What the assertions of one program ask: of the text so far by following it, of the text to come as obligations. */
export interface Assertions {
  readonly lookbehinds: readonly Look[]
  /** [lookbehinds] the prefixes behind which each holds (before negation). */
  readonly tables: readonly Table[]
  /** The obligation behind a lookahead that stands behind `context`. */
  ahead(look: Look, context: Before): number
  /** That the text ends here. */
  end(): number
  /** That a word character follows, or that none does. */
  word(follows: boolean): number
}
