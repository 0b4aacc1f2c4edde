import { set, type Grammar } from './grammar.ts'
import { parseRegex } from './regex-parser.ts'
import { regexDfa } from './regex.ts'

/** The texts that the pattern (ECMA-262, flag u) matches from their beginning to their end. Throws as `regexDfa` does. */
export function regexGrammar(pattern: string): Grammar {
  // Alone first: what stands in the way of the brackets added here must not be seen as theirs.
  parseRegex(pattern)
  return { rules: new Map([['text', set(regexDfa(`^(?:${pattern})$`))]]), start: 'text' }
}
