import type { SchemaDocument, SchemaNode, SchemaObject } from './document.ts'
import type { Assertion } from './formula.ts'

/** What keywords need to know beside their schema. */
export interface Vicinity {
  readonly document: SchemaDocument
  /** Whether no value can satisfy both, as far as is easily seen. */
  areDisjoint(a: SchemaNode, b: SchemaNode): boolean
}

/** Keywords that count together are one assertion, named by all of them. */
export interface Group {
  readonly keywords: readonly string[]
  assertion(node: SchemaNode, schema: SchemaObject, vicinity: Vicinity): Assertion
}
