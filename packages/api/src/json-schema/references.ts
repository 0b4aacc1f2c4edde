import type { Group, Vicinity } from './keyword-group.ts'
import type { SchemaNode } from './document.ts'
import { schema, type Assertion } from './formula.ts'
import { unsupported } from './schema-error.ts'

function reference(target: SchemaNode): Assertion {
  return { holds: () => schema(target, true), fails: () => schema(target, false) }
}

/**
 * A dynamic reference is as a static one where the document has but one schema that it may lead to: which of several depends on
 * the way by which a value came there.
 */
function dynamicTarget(node: SchemaNode, keyword: string, reference: string, { document }: Vicinity): SchemaNode {
  const target = document.referred(node, keyword, reference)
  const isRecursive = keyword === '$recursiveRef'
  if (typeof target.schema === 'boolean') return target
  const anchor = target.schema[isRecursive ? '$recursiveAnchor' : '$dynamicAnchor']
  const name = isRecursive && anchor === true ? '' : anchor
  if (typeof name !== 'string' || (!isRecursive && !reference.endsWith(`#${name}`))) return target
  const candidates = document.dynamicAnchors(name)
  if (candidates.length === 1) return candidates[0]!
  throw unsupported(`${candidates.length} schemas may be meant, expected one`, { at: node.at, keyword })
}

export const references: readonly Group[] = [
  {
    keywords: ['$ref'],
    assertion: (node, { $ref }, { document }) => reference(document.referred(node, '$ref', $ref as string)),
  },
  ...['$dynamicRef', '$recursiveRef'].map((keyword): Group => ({
    keywords: [keyword],
    assertion: (node, schema, vicinity) => reference(dynamicTarget(node, keyword, schema[keyword] as string, vicinity)),
  })),
]
