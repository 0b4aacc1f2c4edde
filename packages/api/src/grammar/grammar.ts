import { InputError } from '@tramontane/core'
import type { Dfa } from './dfa.ts'

/** A set of byte strings, in the form that JSON Schema and EBNF are compiled to. */
export type Expression =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  | { readonly kind: 'set'; readonly dfa: Dfa }
  | { readonly kind: 'sequence' | 'choice'; readonly parts: readonly Expression[] }
  /** `max` null: any number of times. */
  | { readonly kind: 'repeat'; readonly part: Expression; readonly min: number; readonly max: number | null }
  | { readonly kind: 'rule'; readonly name: string }

/** A context-free grammar over bytes: what the rule `start` derives. */
export interface Grammar {
  readonly rules: ReadonlyMap<string, Expression>
  readonly start: string
}

const utf8 = new TextEncoder()

/** Just this text, in UTF-8. */
export function text(literal: string): Expression {
  return { kind: 'bytes', bytes: utf8.encode(literal) }
}

export function set(dfa: Dfa): Expression {
  return { kind: 'set', dfa }
}

export function sequence(...parts: readonly Expression[]): Expression {
  return parts.length === 1 ? parts[0]! : { kind: 'sequence', parts }
}

/** Any of the parts; of none, nothing at all. */
export function choice(...parts: readonly Expression[]): Expression {
  return parts.length === 1 ? parts[0]! : { kind: 'choice', parts }
}

export function repeat(part: Expression, min: number, max: number | null): Expression {
  return { kind: 'repeat', part, min, max }
}

export function optional(part: Expression): Expression {
  return repeat(part, 0, 1)
}

export function rule(name: string): Expression {
  return { kind: 'rule', name }
}

const maxDepth = 2000
const maxParts = 1_000_000

/** Throws InputError for rules that are not there, counts that are none, and expressions nested too deeply or too large. */
export function checkGrammar({ rules, start }: Grammar): void {
  if (!rules.has(start)) throw new InputError(`there is no rule "${start}", with which a text begins`)
  let parts = 0
  for (const [name, expression] of rules) {
    // Rules come from untrusted schemas: nesting must not become a depth of calls before it is known to be small.
    const open = [{ expression, depth: 0 }]
    for (let at = open.pop(); at !== undefined; at = open.pop()) {
      if (at.depth > maxDepth) throw new InputError(`rule "${name}": nested more than ${maxDepth} deep`)
      checkExpression(at.expression, rules, name)
      const inner = partsOf(at.expression)
      if ((parts += inner.length) > maxParts) throw new InputError(`rule "${name}": more than ${maxParts} parts`)
      // Texts, of which there may be many, have nothing to check.
      for (const part of inner) if (part.kind !== 'bytes') open.push({ expression: part, depth: at.depth + 1 })
    }
  }
}

function checkExpression(expression: Expression, rules: Grammar['rules'], name: string): void {
  if (expression.kind === 'rule' && !rules.has(expression.name)) {
    throw new InputError(`rule "${name}": there is no rule "${expression.name}"`)
  }
  if (expression.kind === 'repeat') checkCounts(expression.min, expression.max, name)
}

function checkCounts(min: number, max: number | null, name: string): void {
  const fits = (count: number): boolean => Number.isSafeInteger(count) && count >= 0 && count <= 1e6
  if (fits(min) && (max === null || (fits(max) && max >= min))) return
  throw new InputError(`rule "${name}": repeated {${min},${max ?? ''}}, expected counts in order, up to 1,000,000`)
}

export function partsOf(expression: Expression): readonly Expression[] {
  if (expression.kind === 'repeat') return [expression.part]
  return expression.kind === 'sequence' || expression.kind === 'choice' ? expression.parts : []
}
