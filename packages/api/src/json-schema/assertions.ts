import { arrayAssertions } from './array-keywords.ts'
import { combinators } from './combinators.ts'
import { assertedKeywords, type SchemaNode } from './document.ts'
import { all, always, any, never, type Assertion, type Formula, type Literal } from './formula.ts'
import type { Group, Vicinity } from './keyword-group.ts'
import { numberAssertions } from './number-keywords.ts'
import { objectAssertions } from './object-keywords.ts'
import { references } from './references.ts'
import { stringAssertions } from './string-keywords.ts'
import { unevaluatedAssertions } from './unevaluated-keywords.ts'
import { valueAssertions } from './value-keywords.ts'

const groups: readonly Group[] = [
  ...references,
  ...combinators,
  ...valueAssertions,
  ...stringAssertions,
  ...numberAssertions,
  ...arrayAssertions,
  ...objectAssertions,
  ...unevaluatedAssertions,
]

const groupOf = new Map(groups.flatMap((group) => group.keywords.map((keyword) => [keyword, group])))

/** The assertions that a schema makes, in the order of their first keywords. Keywords that nobody knows make none. */
export function assertionsOf(node: SchemaNode, vicinity: Vicinity): Assertion[] {
  const { schema } = node
  if (typeof schema === 'boolean') return []
  const found = new Set<Group>()
  for (const keyword of assertedKeywords(node)) {
    const group = groupOf.get(keyword)
    if (group) found.add(group)
  }
  return Array.from(found, (group) => group.assertion(node, schema, vicinity))
}

/** Whether a schema asks nothing at all. */
export function asksNothing(node: SchemaNode): boolean {
  return node.schema === true || (node.schema !== false && !assertedKeywords(node).some((key) => groupOf.has(key)))
}

/** What it is to satisfy a schema, or not to. */
export function formulaOf({ node, holds }: Literal, vicinity: Vicinity): Formula {
  if (typeof node.schema === 'boolean') return node.schema === holds ? always : never
  const assertions = assertionsOf(node, vicinity)
  return holds
    ? all(...assertions.map((assertion) => assertion.holds()))
    : any(...assertions.map((assertion) => assertion.fails()))
}
