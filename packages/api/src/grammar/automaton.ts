import type { Dfa } from './dfa.ts'
import { defaultLimits, type Limits } from './limit.ts'
import { difference } from './product.ts'
import type { TableDfa } from './table-dfa.ts'
import { anyText } from './utf8.ts'

/** Operations on sets of byte strings. All give the least automaton, and throw LimitError where one on the way is too large. */
export { accepts, type Dfa } from './dfa.ts'
export { concatenation, repeat, star } from './glue.ts'
export { defaultLimits, LimitError, type Limits } from './limit.ts'
export { difference, intersection, isDisjoint, isEmpty, isEquivalent, isSubset, union } from './product.ts'
export { enumerated, ofStrings } from './strings.ts'
export { TableDfa, tableOf } from './table-dfa.ts'
export { anyText, ofLength } from './utf8.ts'

/** All strings of valid UTF-8 that are not in the set. */
export function complement(dfa: Dfa, limits: Limits = defaultLimits): TableDfa {
  return difference(anyText(), dfa, limits)
}
