import type { Expression } from '../grammar/grammar.ts'
import type { Dfa } from '../grammar/dfa.ts'
import type { Literal } from './formula.ts'
import type { SchemaError } from './schema-error.ts'
import type { TextSets } from './strings.ts'
import type { Tokens } from './tokens.ts'

/** What the grammar of an array or object needs of the rest. */
export interface Values extends TextSets {
  readonly tokens: Tokens
  /** Any value that satisfies all of the literals. */
  value(literals: readonly Literal[]): Expression
  /** Strings that satisfy all of the literals. */
  strings(literals: readonly Literal[]): Dfa
  /** The JSON texts of all values, where they are but a few, and neither arrays nor objects. */
  scalars(literals: readonly Literal[]): readonly string[] | undefined
  /** Whether no value satisfies all of them, as far as is easily seen. */
  isNone(literals: readonly Literal[]): boolean
  /** Whether one of them is `false`, or its like. */
  isNever(literals: readonly Literal[]): boolean
  /** Whether every value satisfies it. */
  isAlways(literal: Literal): boolean
  /** A name for a rule that is defined later. */
  name(): string
  define(name: string, expression: Expression): void
  /** The expression as a rule of its own. */
  rule(expression: Expression): Expression
  tooLarge(what: string): SchemaError
}
