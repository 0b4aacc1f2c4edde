import { concatenation, ofStrings } from '../grammar/automaton.ts'
import { set, text, type Expression } from '../grammar/grammar.ts'
import type { JsonOptions } from '../grammar/json.ts'
import { whitespace } from '../grammar/whitespace.ts'

/** What stands between values, with white space where it may be: one set each, for they are read everywhere. */
export interface Tokens {
  /** White space alone, before what closes an array or object that is not empty. */
  readonly space: Expression
  readonly comma: Expression
  readonly colon: Expression
  readonly openArray: Expression
  readonly openObject: Expression
}

const compact: Tokens = {
  space: text(''),
  comma: text(','),
  colon: text(':'),
  openArray: text('['),
  openObject: text('{'),
}

let spaced: Tokens | undefined

function withSpace(): Tokens {
  const before = (token: string): Expression => set(concatenation([ofStrings([token]), whitespace]))
  const around = (token: string): Expression => set(concatenation([whitespace, ofStrings([token]), whitespace]))
  return {
    space: set(whitespace),
    comma: around(','),
    colon: around(':'),
    openArray: before('['),
    openObject: before('{'),
  }
}

export function tokensOf({ whitespace: isAllowed = true }: JsonOptions): Tokens {
  return isAllowed ? (spaced ??= withSpace()) : compact
}

export const nothing = text('')
