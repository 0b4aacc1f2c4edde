import type { Literal } from './formula.ts'
import { invalid } from './schema-error.ts'

/** The schemas within which this is asked of the same value. */
export interface Trail {
  readonly literal: Literal
  /** Between this one and the one before. */
  readonly forks: boolean
  readonly before: Trail | undefined
}

/** A schema that is part of itself adds nothing; one that is a choice within itself means nothing. */
export function isWithinItself({ node, holds }: Literal, forks: boolean, trail: Trail | undefined): boolean {
  let isPart = holds && !forks
  for (let at = trail; at !== undefined; at = at.before) {
    if (at.literal.node === node) {
      if (isPart && at.literal.holds && asksMore(trail, node)) return true
      throw invalid('its references ($ref) come back to it without an item or property between', {
        at: node.at,
        keyword: null,
      })
    }
    isPart &&= at.literal.holds && !at.forks
  }
  return false
}

/** Whether any schema on the way back to the node says more than whom it refers to. */
function asksMore(trail: Trail | undefined, node: Literal['node']): boolean {
  for (let at = trail; at !== undefined; at = at.before) {
    const { schema } = at.literal.node
    if (typeof schema === 'object' && Object.keys(schema).some((key) => !referring.includes(key))) return true
    if (at.literal.node === node) break
  }
  return false
}

const referring = ['$ref', '$dynamicRef', '$recursiveRef', '$id', 'id', '$schema', '$defs', 'definitions', 'allOf']
