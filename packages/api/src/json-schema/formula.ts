import type { Dfa } from '../grammar/dfa.ts'
import type { Limits } from '../grammar/limit.ts'
import type { NumberRules } from '../grammar/numbers.ts'
import type { SchemaNode } from './document.ts'
import type { SchemaError } from './schema-error.ts'

/** Types of JSON values, as bits; true and false are told apart, for `enum` does so. */
export const type = { null: 1, true: 2, false: 4, number: 8, string: 16, array: 32, object: 64 } as const
export const anyType = 127

/** Types whose values are more than one. */
export const openTypes = ['string', 'number', 'array', 'object'] as const
export type OpenType = (typeof openTypes)[number]
/** Types whose only value is their name. */
export const closedTypes = ['null', 'true', 'false'] as const

/** A schema that a value satisfies, or does not. */
export interface Literal {
  readonly node: SchemaNode
  readonly holds: boolean
}

/** What is asked of a value, with negations pushed down to literals and facts. */
export type Formula =
  | { readonly kind: 'all'; readonly parts: readonly Formula[] }
  /** `inclusive`: what more than one part evaluates counts together. */
  | { readonly kind: 'any'; readonly parts: readonly Formula[]; readonly inclusive?: boolean }
  /** `forks`: it is not simply part of what refers to it, so a schema must not come to itself on this way. */
  | { readonly kind: 'schema'; readonly literal: Literal; readonly forks: boolean }
  | { readonly kind: 'fact'; readonly fact: Fact }

/** A keyword: what it asks, and what a value does that does not satisfy it. */
export interface Assertion {
  holds(): Formula
  fails(): Formula
}

export type Fact = TypesFact | StringFact | NumberFact | ArrayFact | ObjectFact

/** The value is of one of these types. */
export interface TypesFact {
  readonly on: 'types'
  readonly types: number
}

/** A set of strings that is built when it is needed; equal keys are equal sets. */
export interface TextSet {
  readonly key: string
  dfa(limits: Limits): Dfa
}

/** Something that cannot be enforced, which matters only where the value can be of the type. */
export interface Refusal {
  readonly is: 'refused'
  readonly error: SchemaError
}

/** If the value is a string. */
export type StringFact = { readonly on: 'string' } & (
  | Refusal
  /** In code points. */
  | { readonly is: 'length'; readonly min: number; readonly max: number }
  | { readonly is: 'in'; readonly set: TextSet; readonly holds: boolean }
  | { readonly is: 'among'; readonly values: ReadonlySet<string>; readonly holds: boolean }
)

/** If the value is a number. */
export type NumberFact = { readonly on: 'number' } & (
  | Refusal
  | { readonly is: 'ruled'; readonly rules: NumberRules; readonly holds: boolean }
  | { readonly is: 'among'; readonly values: ReadonlySet<number>; readonly holds: boolean }
)

/** If the value is an array. */
export type ArrayFact = { readonly on: 'array' } & (
  | Refusal
  | { readonly is: 'items'; readonly prefix: readonly Literal[]; readonly rest: Literal | null }
  | { readonly is: 'length'; readonly min: number; readonly max: number }
  | Contains
  | { readonly is: 'unique'; readonly at: string }
  | { readonly is: 'unevaluated'; readonly literal: Literal; readonly scope: number }
)

/** Of the items from `from` on, `min` to `max` satisfy the literal. */
export interface Contains {
  readonly is: 'contains'
  readonly literal: Literal
  readonly from: number
  readonly min: number
  readonly max: number
}

/** If the value is an object. */
export type ObjectFact = { readonly on: 'object' } & (
  | Refusal
  | Members
  | { readonly is: 'required'; readonly names: readonly string[] }
  | { readonly is: 'forbidden'; readonly name: string }
  | { readonly is: 'count'; readonly min: number; readonly max: number; readonly at: string }
  | { readonly is: 'names'; readonly literal: Literal }
  | SomeMember
  | { readonly is: 'unevaluated'; readonly literal: Literal; readonly scope: number }
)

/** What the values of members satisfy: by name, by patterns, and of all that neither says anything of. */
export interface Members {
  readonly is: 'members'
  readonly names: ReadonlyMap<string, Literal | null>
  readonly patterns: readonly { readonly set: TextSet; readonly literal: Literal | null }[]
  readonly rest: Literal | null
}

/** There is a member whose name the test accepts and whose value satisfies the literal. */
export interface SomeMember {
  readonly is: 'some'
  readonly at: string
  readonly keyword: string
  readonly except: ReadonlySet<string>
  /** The name is in all of these, or not in them. */
  readonly sets: readonly { readonly set: TextSet; readonly holds: boolean }[]
  /** What the name satisfies. */
  readonly name: Literal | null
  readonly literal: Literal | null
}

export const always: Formula = { kind: 'all', parts: [] }
export const never: Formula = { kind: 'any', parts: [] }

export function all(...parts: readonly Formula[]): Formula {
  return parts.length === 1 ? parts[0]! : { kind: 'all', parts }
}

export function any(...parts: readonly Formula[]): Formula {
  return parts.length === 1 ? parts[0]! : { kind: 'any', parts }
}

export function fact(fact: Fact): Formula {
  return { kind: 'fact', fact }
}

export function types(bits: number): Formula {
  return fact({ on: 'types', types: bits })
}

export function schema(node: SchemaNode, holds = true, forks = !holds): Formula {
  return { kind: 'schema', literal: { node, holds }, forks }
}

/** Of a keyword that asks nothing where it stands. */
export const unasked: Assertion = { holds: () => always, fails: () => never }

/** A fact, and what it is not to have it: to be of the type and the opposite. */
export function opposites(on: number, holds: Fact, fails: Fact): Assertion {
  return { holds: () => fact(holds), fails: () => all(types(on), fact(fails)) }
}
