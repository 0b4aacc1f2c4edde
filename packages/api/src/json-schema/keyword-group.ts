import type { SchemaDocument, SchemaNode, SchemaObject } from './document.ts'
import { opposites, type Assertion, type Fact } from './formula.ts'

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

/** Two keywords that bound a number of things, from below and from above: a fact of values of type `on`. */
export function bounds(
  on: number,
  [least, most]: readonly [least: string, most: string],
  between: (min: number, max: number, at: string) => Fact,
): Group[] {
  return [
    {
      keywords: [least],
      assertion({ at }, schema) {
        const min = schema[least] as number
        return opposites(on, between(min, Infinity, at), between(0, min - 1, at))
      },
    },
    {
      keywords: [most],
      assertion({ at }, schema) {
        const max = schema[most] as number
        return opposites(on, between(0, max, at), between(max + 1, Infinity, at))
      },
    },
  ]
}
