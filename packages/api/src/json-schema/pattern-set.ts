import { LimitError, type Limits } from '../grammar/limit.ts'
import { regexDfa, RegexError } from '../grammar/regex.ts'
import type { TextSet } from './formula.ts'
import { invalid, SchemaError, unsupported } from './schema-error.ts'

/** The strings in which a pattern is found; what is wrong with it is said at its place. */
export function patternSet(pattern: string, at: string, keyword: string): TextSet {
  return {
    key: `pattern ${pattern}`,
    dfa(limits: Limits) {
      try {
        return regexDfa(pattern, limits)
      } catch (error) {
        const place = { at, keyword }
        const shown = JSON.stringify(pattern.length > 100 ? `${pattern.slice(0, 100)}…` : pattern)
        if (error instanceof RegexError)
          throw (isPattern(pattern) ? unsupported : invalid)(`${shown}: ${error.message}`, place)
        if (error instanceof LimitError) throw new SchemaError(`${shown}: ${error.message}`, place, 'too large')
        throw error
      }
    },
  }
}

/** Whether it is a regular expression at all. */
function isPattern(pattern: string): boolean {
  try {
    return new RegExp(pattern, 'u') instanceof RegExp
  } catch {
    return false
  }
}
