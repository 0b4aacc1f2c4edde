import { all, fact, type, types, type Literal } from './formula.ts'
import type { Group } from './keyword-group.ts'
import { unsupported } from './schema-error.ts'

/** Kept as a fact until it is known what else has looked at the members. */
function unevaluated(on: 'array' | 'object', keyword: string): Group {
  return {
    keywords: [keyword],
    assertion(node, _, { document }) {
      const literal: Literal = { node: document.child(node, keyword), holds: true }
      const error = unsupported('its opposite cannot be enforced', { at: node.at, keyword })
      return {
        holds: () => fact({ on, is: 'unevaluated', literal, scope: node.id }),
        fails: () => all(types(type[on]), fact({ on, is: 'refused', error })),
      }
    },
  }
}

export const unevaluatedAssertions: readonly Group[] = [
  unevaluated('array', 'unevaluatedItems'),
  unevaluated('object', 'unevaluatedProperties'),
]
